/** Words that say on their own that a value is secret (reference: inspection, 1.8), also at the end of a longer one. */
const SECRET_END = /(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL)S?$/;
/** Words that say so only when they stand alone: MONKEY and KEYBOARD are no keys. */
const WEAK_WORD =
  /^(?:PASS|PWD|ACCESS|KEYS?|(?:API|SECRET|ACCESS|PRIVATE|SSH|AUTH|ENCRYPTION|SIGNING|MASTER|DEPLOY|ACCOUNT|STORAGE)KEYS?|(?:DB|PG|SQL|MYSQL|USER|ROOT|ADMIN|REDIS|FTP|SMTP|MAIL|KEY|STORE)PASS)$/;

const PLACES = new Set("FILE FILES FILENAME PATH DIR DIRECTORY FOLDER".split(" "));
/** What is told about a secret and is none: its length, its issuer. */
const ABOUT = new Set(
  "LOG LOGS LENGTH LEN SIZE TTL TIMEOUT EXPIRY EXPIRES EXPIRATION LIFETIME AGE ALGORITHM ALG TYPE ENABLED DISABLED REQUIRED HEADER SERVER SERVERS POLICY VERSION NAME ISSUER AUDIENCE FINGERPRINT FINGERPRINTS CONTROL LEVEL MODE ROUNDS MIN MAX".split(
    " ",
  ),
);
/** The shell's own. */
const NOT_SECRET = new Set(["PWD", "OLDPWD"]);

const NO_VALUE = /^(?:|true|false|yes|no|on|off|none|null)$/i;
/** A variable's value that is set elsewhere, or what a command prints. */
const REFERENCE = /^["']?(?:\$|`)/;
const PATH_VALUE = /^(?:\.{0,2}\/|~|file:)/;
const KNOWN_FOLDER = /^\/(?:run|etc|var|usr|opt|home|root|app|srv|mnt|tmp|secrets?)\//;
const FILE_VALUE = /^[^\s:]{1,256}\.(?:pem|key|crt|cer|p12|pfx|jks|json|txt|pub|gpg|asc|env|ini|conf|ya?ml|toml)$/;
/** `postgres://user:password@host`. */
const URL_WITH_PASSWORD = /^["']?[a-z][a-z0-9+.-]{0,20}:\/\/[^/\s:@]{0,256}:[^/\s@$]{1,256}@/i;

export type NameStrength = "strong" | "weak" | "none";

/** How much a variable's name says that its value is secret. */
export function secrecyOf(name: string): NameStrength {
  if (NOT_SECRET.has(name)) return "none";
  const words = wordsOf(name);
  if (words.some((word) => SECRET_END.test(word))) return "strong";
  return words.some((word) => WEAK_WORD.test(word)) && !isPublicKey(words) ? "weak" : "none";
}

/** Whether giving that variable that value puts a secret there. Neither is ever shown from here. */
export function isSecretAssignment(name: string, value: string): boolean {
  if (URL_WITH_PASSWORD.test(value)) return true;
  if (secrecyOf(name) === "none" || NO_VALUE.test(value) || REFERENCE.test(value)) return false;
  const last = wordsOf(name).at(-1) ?? "";
  if (ABOUT.has(last) || (PLACES.has(last) && PATH_VALUE.test(value))) return false;
  return !KNOWN_FOLDER.test(value) && !FILE_VALUE.test(value);
}

/** `dbPassword1` → DB, PASSWORD. */
function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .map((word) => word.replace(/[0-9]{1,9}$/, ""))
    .filter((word) => word !== "");
}

function isPublicKey(words: readonly string[]): boolean {
  if (words.includes("PUBLIC") || words.includes("PUB")) return true;
  return words.some((word, at) => /^(?:GPG|PGP)$/.test(word) && /^KEYS?$/.test(words[at + 1] ?? ""));
}
