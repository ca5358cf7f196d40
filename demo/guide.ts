import { resolve } from "node:path";

import type { Style } from "../src/cli/terminal-text.ts";
import type { DemoImage } from "./family.ts";
import type { Service } from "./service.ts";
import type { Workshop } from "./workshop.ts";

const ROOT = resolve(import.meta.dirname, "..");

/** How to look further while the service is up: commands to paste, each true for this run. */
export function guideLines(
  { workshop, service }: { readonly workshop: Workshop; readonly service: Service },
  example: DemoImage,
  style: Style,
): readonly string[] {
  const image = workshop.reference(example);
  const server = service.url.origin;
  const step = (title: string, ...lines: readonly string[]): readonly string[] => [
    "",
    `  ${title}`,
    ...lines.map((line) => style.strong(`    ${line}`)),
  ];
  return [
    `The service stays up at ${server} until you press Ctrl-C.`,
    "To look further, open another terminal:",
    ...step("go to this folder", `cd ${ROOT}`),
    ...step(
      "the whole verdict, as programs get it (a browser shows it, too)",
      `curl -H 'Prefer: wait=10' \\`,
      `  '${server}/v1/verdicts?image=${image}'`,
    ),
    ...step("the same for people, with every signature tried", `bin/assay verify --server ${server} \\`, `  ${image}`),
    ...step(
      "what the image is made of, layer by layer",
      `bin/assay inspect --policy ${workshop.policy} \\`,
      `  --ca ${workshop.ca} \\`,
      `  ${image}`,
    ),
    ...step(
      "the rules: change one, save, and ask again; what is known is judged anew",
      `\${EDITOR:-nano} ${workshop.policy}/production.yaml`,
    ),
  ];
}
