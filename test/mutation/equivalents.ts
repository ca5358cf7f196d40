import { readFileSync } from "node:fs";

/** Names of mutants that change nothing anybody could see, each with its reason after a `#`. */
export function equivalents(): ReadonlySet<string> {
  const lines = readFileSync(new URL("equivalent.txt", import.meta.url), "utf8").split("\n");
  return new Set(
    lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(" # ")[0] ?? ""),
  );
}
