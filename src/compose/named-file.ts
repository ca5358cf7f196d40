import { readFileSync } from "node:fs";

import { InputError } from "../domain/errors.ts";

/** The text of a file that a setting names. Throws `InputError` naming the setting, the file and the cause. */
export function readNamedFile(setting: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const cause = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new InputError(
      "configuration",
      `${setting} names ${path}, which cannot be read (${cause}): check the path and who may read it`,
      {
        cause: error,
      },
    );
  }
}
