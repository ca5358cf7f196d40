import crypto, { createPrivateKey, createPublicKey, type KeyPairKeyObjectResult } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";

/** Making RSA keys is most of what some tests do: the first of each size in a process is the same one every time, and so on. */
export function keepRsaKeys(folder: string): void {
  // The named import becomes the replacement below.
  const generate = crypto.generateKeyPairSync as (kind: string, options?: object) => KeyPairKeyObjectResult;
  const made = new Map<number, number>();
  mkdirSync(folder, { recursive: true });
  const kept = (modulusLength: number): KeyPairKeyObjectResult => {
    const count = made.get(modulusLength) ?? 0;
    made.set(modulusLength, count + 1);
    const path = join(folder, `${modulusLength}-${count}.pem`);
    if (!existsSync(path)) {
      const { privateKey } = generate("rsa", { modulusLength });
      writeFileSync(path, privateKey.export({ type: "pkcs8", format: "pem" }));
    }
    const privateKey = createPrivateKey(readFileSync(path));
    return { privateKey, publicKey: createPublicKey(privateKey) };
  };
  const sizeOnly = (options: object): options is { readonly modulusLength: number } =>
    Object.keys(options).join() === "modulusLength";
  const replaced = (kind: string, options: object = {}): KeyPairKeyObjectResult =>
    kind === "rsa" && sizeOnly(options) ? kept(options.modulusLength) : generate(kind, options);
  Object.assign(crypto, { generateKeyPairSync: replaced });
  syncBuiltinESMExports();
}
