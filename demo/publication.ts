import type { Digest } from "../src/domain/digest.ts";
import { putIndex } from "../test/support/image-builder.ts";
import { manifestOf } from "../test/support/notation-world.ts";
import type { Artifact } from "../test/support/signing/artifact.ts";
import { signBundle } from "../test/support/signing/bundle.ts";
import type { Issued } from "../test/support/signing/certificates.ts";
import { signCosignLegacy, type CosignOptions } from "../test/support/signing/cosign-signature.ts";
import { signNotation } from "../test/support/signing/notation.ts";
import { TestCollection } from "../test/support/signing/notary/collection.ts";
import { makeSigner } from "../test/support/signing/notary/signer.ts";
import { signedMessage, type PgpKey } from "../test/support/signing/openpgp.ts";
import { simplePayload } from "../test/support/signing/simple-signing.ts";
import type { LeafOptions } from "../test/support/signing/virtual-fulcio.ts";
import { putImageInto } from "../test/support/supply-chain.ts";
import { image, layer, type BuiltImage, type ConfigSpec, type LayerSpec } from "../test/support/tar.ts";
import type { Keys } from "./keys.ts";
import type { Site } from "./site.ts";

const HOUR_MS = 3_600_000;

export type Build = ConfigSpec & { readonly layers: readonly LayerSpec[]; readonly daysOld?: number };

/** One name in the registry, and what its owner, or an attacker, does there. */
export class Publication {
  readonly keys: Keys;
  readonly #site: Site;
  readonly #repository: string;
  readonly #tag: string;

  /** `name` is repository and tag, such as `shop/web:1`. */
  constructor(name: string, site: Site, keys: Keys) {
    const [repository = "", tag = ""] = name.split(":");
    this.#repository = repository;
    this.#tag = tag;
    this.#site = site;
    this.keys = keys;
  }

  /** The repository as everybody else knows it. */
  get #name(): string {
    return `${this.#site.registry.host}/${this.#repository}`;
  }

  /** Builds an image of its own digest, for its configuration names the repository. */
  build({ layers, daysOld = 0, ...spec }: Build): BuiltImage {
    const created = new Date(Date.now() - HOUR_MS * (24 * daysOld + 3)).toISOString();
    const labels = { "org.opencontainers.image.title": this.#repository, ...spec.labels };
    return image(
      { user: "65532", entrypoint: ["/app/server"], created, ...spec, labels },
      layers.map((files) => layer(files)),
    );
  }

  async push(built: BuiltImage): Promise<Digest> {
    await putImageInto(this.#site.registry, this.#repository, built, [this.#tag]);
    return built.manifest.descriptor.digest;
  }

  /** Pushes one image for several architectures. */
  async pushIndex(images: Readonly<Record<string, BuiltImage>>): Promise<Digest> {
    for (const built of Object.values(images)) await putImageInto(this.#site.registry, this.#repository, built, []);
    const entries = Object.entries(images).map(([architecture, { manifest }]) => ({
      descriptor: manifest.descriptor,
      platform: { os: "linux", architecture },
    }));
    const { descriptor } = await putIndex(this.#site.registry, this.#repository, entries, { tags: [this.#tag] });
    return descriptor.digest;
  }

  /** A signature by the release key, recorded in the log, unless `options` say otherwise; it is not pushed. */
  signature(digest: Digest, ...options: readonly Partial<CosignOptions>[]): Artifact {
    const proper = { image: digest, name: this.#name, key: this.keys.release, log: this.keys.sigstore.log };
    const [first = {}, ...more] = options;
    return signCosignLegacy({ ...proper, ...first }, ...more.map((one) => ({ ...proper, ...one })));
  }

  /** A signature by the release key that no log was told of. */
  unlogged(digest: Digest): Artifact {
    return signCosignLegacy({ image: digest, key: this.keys.release });
  }

  /** Signs as cosign 2 does, under a tag beside the image. */
  async sign(digest: Digest, ...options: readonly Partial<CosignOptions>[]): Promise<void> {
    await this.attach(this.signature(digest, ...options));
  }

  /** Signs as cosign 3 does, as an artefact that refers to the image. */
  async signBundle(digest: Digest): Promise<void> {
    await this.attach(signBundle({ image: digest, key: this.keys.release, log: this.keys.sigstore.log }));
  }

  /** Signs as a workflow, with a certificate that it is given for minutes; ours, unless `leaf` says otherwise. */
  async signKeyless(digest: Digest, leaf: LeafOptions = {}): Promise<void> {
    await this.attach(this.keys.sigstore.legacy(digest, { leaf, name: this.#name }));
  }

  /** Attests as our workflow that this builder built the image. */
  async attestBuild(digest: Digest, builder: string): Promise<void> {
    const predicate = {
      buildDefinition: { buildType: "https://builder.example.com/container/v1", externalParameters: {} },
      runDetails: { builder: { id: builder } },
    };
    const statement = { name: this.#name, predicateType: "https://slsa.dev/provenance/v1", predicate };
    await this.attach(this.keys.sigstore.attestation(digest, statement));
  }

  /** Signs as notation does, with a certificate and all above it. */
  async signNotation(built: BuiltImage, chain: readonly Issued[]): Promise<void> {
    await this.attach(signNotation({ image: manifestOf(built), chain }));
  }

  /** Names an image by the tag in the repository's collection, as the role for releases. */
  nameInCollection(digest: Digest): void {
    const { root, releases } = this.keys.notary;
    const collection = new TestCollection(this.#name, makeSigner("ecdsa-x509", { name: this.#name, key: root }));
    collection.delegate("targets/releases", { signers: [releases] });
    collection.sign(this.#tag, digest, "targets/releases");
    this.#site.notary.collections.set(collection.gun, collection.publish());
  }

  /** Signs as skopeo does, with a file on the web server of signatures. */
  signGpg(digest: Digest, key: PgpKey): void {
    const message = signedMessage(key, simplePayload(digest, `${this.#name}:${this.#tag}`));
    const place = `/signatures/${this.#repository}@${digest.replace(":", "=")}/signature-1`;
    this.#site.lookaside.serve(place, message);
  }

  /** Pushes a signature; `to` puts it where that digest's signatures are looked for, whatever it is for. */
  async attach(artifact: Artifact, to?: Digest): Promise<void> {
    for (const blob of artifact.blobs) await this.#site.registry.putBlob(this.#repository, blob);
    const tag = to === undefined ? artifact.tag : `${to.replace(":", "-")}.sig`;
    await this.#site.registry.putManifest(
      this.#repository,
      artifact.manifest,
      artifact.mediaType,
      tag === undefined ? [] : [tag],
    );
  }

  /** Makes the registry serve other bytes, of the same length, for the image's last layer. */
  async alterTopLayer(built: BuiltImage): Promise<void> {
    const top = built.layers.at(-1);
    if (top === undefined) throw new Error("an image without layers cannot be altered");
    const altered = Buffer.from(top.bytes);
    altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
    await this.#site.registry.putBlob(this.#repository, altered, top.digest);
  }
}
