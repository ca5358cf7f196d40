declare const brand: unique symbol;

/** A primitive that only its own parser can make: holding one is the proof that the check was done. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
