import type { Sighting } from "../domain/sighting.ts";

import type { MergedImage } from "./inspection.ts";
import { readText } from "./text-file.ts";

/** Where passwords stand; in the first, an `x` sends to the others. */
const FILES = ["etc/passwd", "etc/shadow", "etc/master.passwd"] as const;

/** An account that anybody may log in to, or a file that could name some and was not read (`name` is then `undefined`). */
export type OpenAccount = {
  readonly name: string | undefined;
  readonly file: (typeof FILES)[number];
  readonly sighting: Sighting | undefined;
};

/**
 * Accounts whose password is empty (CVE-2019-5021). Shadow files may have been reduced to their lines `name:` of such
 * accounts; a line without a colon names no password and is nobody's.
 */
export function openAccounts(image: MergedImage): readonly OpenAccount[] {
  return FILES.flatMap((file): readonly OpenAccount[] => {
    const found = readText(image, file);
    if (found.kind === "absent") return [];
    if (found.kind === "unread") return [{ name: undefined, file, sighting: found.sighting }];
    return openNames(found.text).map((name) => ({ name, file, sighting: found.sighting }));
  });
}

function openNames(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", password] = line.trim().split(":", 2);
    return password === "" && name !== "" ? [name] : [];
  });
}
