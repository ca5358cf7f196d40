import type { Flaw } from "../../domain/lint.ts";

import { openAccounts } from "../accounts.ts";
import type { MergedImage } from "../inspection.ts";
import { parseGroup, parsePasswd } from "../passwd.ts";
import { readText } from "../text-file.ts";
import { firstFlaws, layerLint, shown } from "./lint.ts";

/** DKL-LI-0001. */
export const emptyPassword = layerLint(1, (image) =>
  firstFlaws(openAccounts(image), ({ name, file, sighting }) => ({
    what:
      name === undefined
        ? `${file} could not be read, so accounts without a password may be in it: make it a small regular file`
        : `the account ${shown(name)} has no password in ${file}: lock it with ! or *`,
    sighting,
  })),
);

/** DKL-LI-0002: two names for one number are one user, whatever their lines say. */
export const duplicateId = layerLint(1, (image) => [
  ...duplicates(image, "etc/passwd", "uid", (text) => parsePasswd(text)?.map(({ name, uid }) => ({ name, id: uid }))),
  ...duplicates(image, "etc/group", "gid", (text) => parseGroup(text)?.map(({ name, gid }) => ({ name, id: gid }))),
]);

type Numbered = { readonly name: string; readonly id: bigint };

/** Names shown of those that share a number. */
const NAMES_SHOWN = 4;

function duplicates(
  image: MergedImage,
  path: string,
  what: "uid" | "gid",
  parse: (text: string) => readonly Numbered[] | undefined,
): readonly Flaw[] {
  const file = readText(image, path);
  if (file.kind === "absent") return [];
  const lines = file.kind === "read" ? parse(file.text) : undefined;
  if (lines === undefined)
    return [{ what: `${path} could not be read: make it a small regular file`, sighting: file.sighting }];
  const shared = [...Map.groupBy(lines, ({ id }) => id)].filter(([, sharing]) => sharing.length > 1);
  return firstFlaws(shared, ([id, sharing]) => {
    const names = sharing.slice(0, NAMES_SHOWN).map(({ name }) => shown(name));
    const belongs = `${what} ${id} in ${path} belongs to ${names.join(", ")}`;
    return { what: `${belongs}: give each its own`, sighting: file.sighting };
  });
}
