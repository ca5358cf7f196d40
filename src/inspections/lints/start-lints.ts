import { cleanPath, isWithin } from "../layer-path.ts";
import { configLint, plainFlaw, shown } from "./lint.ts";

const HOST_FOLDERS = ["sys", "dev", "proc"];

/** DKL-DI-0002: a volume there hides what the kernel shows, or keeps it for the next container. */
export const hostVolume = configLint(1, ({ volumes }) =>
  volumes
    .filter((volume) => {
      const clean = cleanPath(volume);
      return clean.kind === "path" && HOST_FOLDERS.some((folder) => isWithin(clean.path, folder));
    })
    .map((volume) => plainFlaw(`VOLUME ${shown(volume)} lies in a folder of the kernel: remove it`)),
);

/** CIS-DI-0006. */
export const noHealthcheck = configLint(1, ({ healthcheck }) =>
  healthcheck ? [] : [plainFlaw("there is no HEALTHCHECK: add one, or leave this lint to those who run Docker")],
);

/** DKL-DI-0006: a name that is another image tomorrow, also where it was left out. */
export const latestTag = configLint(1, (_, { tag }) =>
  tag === "latest" ? [plainFlaw("it is named by the tag latest: name a version or a digest")] : [],
);
