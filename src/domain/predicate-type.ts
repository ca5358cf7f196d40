/** Types that some tools write with the version of the format behind them: `https://spdx.dev/Document/v2.3`. */
const VERSIONED: readonly string[] = [
  "https://spdx.dev/Document",
  "https://cyclonedx.org/bom",
  "https://openvex.dev/ns",
];
const VERSION = /^\/v[0-9]+(?:\.[0-9]+)*$/;

/**
 * Whether a statement is of the type that is asked for. SPDX, CycloneDX and OpenVEX asked for without a version are found
 * in every version; any other type, and a type that is asked for with its version, is only itself.
 */
export function isPredicateType(asked: string, found: string | undefined): boolean {
  if (found === undefined || asked === found) return found !== undefined;
  return VERSIONED.includes(asked) && found.startsWith(asked) && VERSION.test(found.slice(asked.length));
}
