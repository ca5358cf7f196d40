import type { LayerFind } from "../domain/layer-facts.ts";

import type { CleanPath } from "./layer-path.ts";

function names(text: string): ReadonlySet<string> {
  return new Set(text.split(" "));
}

/** Names by which dockle knows files of credentials (goodwithtech/dockle, CIS-DI-0010), and more of their kind. */
const SECRET_NAMES = names(
  "credentials.json credential.json credentials credential password.txt id_rsa id_dsa id_ecdsa id_ed25519 secret_token.rb carrierwave.rb omniauth.rb settings.py database.yml credentials.xml .env .netrc .npmrc .pypirc .git-credentials .dockercfg terraform.tfstate .terraform.tfstate authorized_keys",
);
const SECRET_EXTENSIONS = names(
  ".secret .ovpn .private_key .cscfg .rdp .mdf .sdf .bek .tpm .fve .jks .psafe3 .agilekeychain .keychain .pcap .gnucache .kdbx",
);
/** Names that say something in their folder only. */
const SECRET_PLACES = [".docker/config.json", ".kube/config"];
const HISTORY = "_history";

/** What is left over from building (dockle, DKL-LI-0003). */
const CLUTTER_NAMES = names("Dockerfile docker-compose.yml .vimrc .DS_Store");
const CLUTTER_FOLDER = /(?:^|\/)(\.(?:cache|aws|azure|gcp|git|vscode|idea|npm))(?:\/|$)/;
/** What others wrote is not somebody's leftover. */
const FOREIGN = /(?:^|\/)(?:node_modules|vendor)\//;

/** What the name alone of a file says against it. */
export function secretNamed({ base, path }: CleanPath): LayerFind | undefined {
  const find = (why: string): LayerFind => ({ kind: "secret", path, why });
  if (SECRET_NAMES.has(base)) return find(`its name, ${base}`);
  const dot = base.lastIndexOf(".");
  if (dot >= 0 && SECRET_EXTENSIONS.has(base.slice(dot))) return find(`its extension, ${base.slice(dot)}`);
  if (base.endsWith(HISTORY)) return find("its name, that of a history of commands");
  const place = SECRET_PLACES.find((one) => path === one || path.endsWith(`/${one}`));
  return place === undefined ? undefined : find(`its name, ${place}`);
}

/** The file, or the folder it stands in, that nobody needs in an image. A folder is named by its own path. */
export function clutterAt({ base, path }: CleanPath, isFile: boolean): LayerFind | undefined {
  if (isFile && CLUTTER_NAMES.has(base)) {
    return FOREIGN.test(path) ? undefined : { kind: "clutter", path, why: `the file ${base}` };
  }
  // Nearly no path has a part that begins with a dot.
  if (!path.startsWith(".") && !path.includes("/.")) return undefined;
  const match = CLUTTER_FOLDER.exec(path);
  const [whole = "", name = ""] = match ?? [];
  // A file of that name is no folder.
  if (match === null || (isFile && !whole.endsWith("/"))) return undefined;
  const folder = path.slice(0, match.index + whole.length).replace(/\/$/, "");
  return FOREIGN.test(`${folder}/`) ? undefined : { kind: "clutter", path: folder, why: `the folder ${name}/` };
}
