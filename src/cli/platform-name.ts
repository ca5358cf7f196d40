import { InputError } from "../domain/errors.ts";

const PLATFORM = /^[a-z0-9]+\/[a-z0-9]+(?:\/[a-z0-9.]+)?$/;

/** `OS/ARCHITECTURE` or `OS/ARCHITECTURE/VARIANT`, or nothing. Throws `InputError`. */
export function parsePlatformName(text: string | undefined): string | undefined {
  if (text === undefined || PLATFORM.test(text)) return text;
  throw new InputError(
    "usage",
    `--platform "${text.slice(0, 60)}" is not a platform: write it as linux/amd64 or linux/arm/v7.`,
  );
}
