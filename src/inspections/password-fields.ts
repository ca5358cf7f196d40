const SHADOWS: ReadonlySet<string> = new Set(["etc/shadow", "etc/gshadow", "etc/master.passwd"]);
/** What stands in a user file in place of a password. */
const NO_PASSWORD: ReadonlySet<string> = new Set(["", "x", "*", "!", "!!", "*LK*", "*NP*"]);

/** Whether a file's content is passwords before all else. */
function isShadow(path: string): boolean {
  return SHADOWS.has(path);
}

/**
 * A body as it may be kept: of a file of passwords, the names of accounts that have an empty one, each as `name:`; of a
 * user file, everything but what an old system put where passwords were. Lines keep their length, on which parsers depend.
 */
export function withoutPasswords(path: string, base: string, body: string): string {
  if (isShadow(path)) return passwordless(body);
  return base === "passwd" || base === "group" ? body.split("\n").map(masked).join("\n") : body;
}

function passwordless(body: string): string {
  return body
    .split("\n")
    .map((line) => line.split(":", 2))
    .flatMap(([name = "", password]) => (password?.trim() === "" ? [`${name}:\n`] : []))
    .join("");
}

function masked(line: string): string {
  const from = line.indexOf(":") + 1;
  const end = line.indexOf(":", from);
  const password = from === 0 ? "" : line.slice(from, end < 0 ? undefined : end);
  // An account's line is no comment to the runtimes, so `#` makes no difference.
  return NO_PASSWORD.has(password.trim())
    ? line
    : `${line.slice(0, from)}${"*".repeat(password.length)}${line.slice(from + password.length)}`;
}
