import { z } from "zod";

import { NO_NEEDS } from "../../domain/needs.ts";
import { ABSENTEES, type Absentee } from "../../domain/policy.ts";
import type { Cite } from "../../domain/verdict.ts";
import { judgeContent } from "../inspected-content.ts";
import { satisfied, violated, type Judgement } from "../judgement.ts";
import { judgePlatforms, type JudgedPlatform } from "../runnable-platforms.ts";
import { some } from "../schema.ts";
import type { RuleDefinition, RuleOf } from "./rule.ts";

const CALLED: Readonly<Record<Absentee, string>> = {
  shell: "a shell",
  "package-manager": "a package manager",
  setuid: "setuid or setgid programs",
  "ssh-server": "an SSH server",
  interpreter: "an interpreter",
  compiler: "a compiler, debugger or version control",
  "network-tool": "network tools",
  "language-package-manager": "a language's package manager",
  "privilege-tool": "privilege tools",
};

const schema = some(z.enum(ABSENTEES)).transform((things): RuleOf<"absent"> => ({
  kind: "absent",
  things: [...new Set(things)],
}));

/** Paths shown for one thing; the cites hold them all. */
const PATHS_SHOWN = 3;

function judgePlatform(things: readonly Absentee[], platform: JudgedPlatform): Judgement {
  return judgeContent(platform, ({ present }) => {
    const found = things.filter((thing) => present[thing].length > 0);
    if (found.length === 0) return satisfied(`${platform.label} holds no ${things.join(", ")}.`);
    const sightings = found.flatMap((thing) => present[thing]);
    const shown = sightings.slice(0, PATHS_SHOWN).map(({ path }) => `/${path}`);
    const more = sightings.length > PATHS_SHOWN ? ", …" : "";
    const message = `${platform.label} holds ${found.map((thing) => CALLED[thing]).join(" and ")}: ${shown.join(", ")}${more}. Remove it, or build on a base image without it.`;
    return violated(
      "present",
      message,
      sightings.map(({ layer, path }): Cite => ({ kind: "layer", digest: layer, path })),
    );
  });
}

/** Things that must not be in the image. */
export const absent: RuleDefinition<"absent"> = {
  kind: "absent",
  schema,
  needs: () => ({ ...NO_NEEDS, layers: "always" }),
  judge: ({ things }, of) => judgePlatforms(of, (platform) => judgePlatform(things, platform)),
  explain: ({ things }) => `holds no ${things.map((thing) => CALLED[thing].replace(/^an? /, "")).join(", no ")}`,
};
