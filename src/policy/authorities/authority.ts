import type { z } from "zod";

import type { AuthoritySpec } from "../../domain/trust.ts";
import type { NamedFiles } from "../key-file.ts";

export type AuthorityKind = AuthoritySpec["kind"];
type AuthorityOf<K extends AuthorityKind> = Extract<AuthoritySpec, { readonly kind: K }>;

/** The files an authority names, and where to say what is wrong with them; paths are below the authority's own key. */
export type AuthorityFiles = NamedFiles & {
  readonly from: string;
  readonly problem: (path: readonly PropertyKey[], message: string) => void;
  readonly warning: (path: readonly PropertyKey[], message: string) => void;
};

/** One kind of authority as the policy language has it: its schema, and its keys and roots made into values. */
export type AuthorityDefinition<K extends AuthorityKind, Spec> = {
  readonly kind: K;
  readonly schema: z.ZodType<Spec>;
  /** Always returns; what is unusable was reported as a problem, and then the set is not used. */
  readonly load: (spec: Spec, files: AuthorityFiles) => AuthorityOf<K>;
  /** Options that lower security, as the operator spelled them. */
  readonly weakenings: (authority: AuthorityOf<K>) => readonly string[];
};
