import type { Flaw } from "../../domain/lint.ts";

import { historySteps, secretsIn } from "../history-step.ts";
import { isSecretAssignment } from "../secret-name.ts";
import { configLint, plainFlaw } from "./lint.ts";

/** CIS-DI-0010 for variables: by name alone, in the configuration and in what the history says was set while building. */
export const secretInEnvironment = configLint(1, ({ env, history }) => [
  ...env.flatMap(environmentFlaw),
  ...historySteps(history).flatMap((step) =>
    [...new Set(secretsIn(step))].map((name) =>
      plainFlaw(
        `step ${step.number} of the history sets ${nameShown(name)}: give it to the build by RUN --mount=type=secret`,
      ),
    ),
  ),
]);

function environmentFlaw(variable: string): readonly Flaw[] {
  const split = variable.indexOf("=");
  const [name, value] = split === -1 ? [variable, ""] : [variable.slice(0, split), variable.slice(split + 1)];
  if (!isSecretAssignment(name, value)) return [];
  return [plainFlaw(`the environment variable ${nameShown(name)} has a value: give it to the container instead`)];
}

/** What is no common name may be a secret itself, put on the wrong side of the equals sign. */
function nameShown(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/.test(name) ? name : "of an unusual name";
}
