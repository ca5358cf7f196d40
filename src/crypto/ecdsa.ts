import { childrenOf, integerBytes, readDer, TAG } from "./der.ts";

/**
 * ECDSA over a hash that was computed elsewhere (FIPS 186-5 section 6.4.2), which `node:crypto` has no call for: it always
 * hashes a whole message itself. Everything here is public, so nothing needs constant time.
 */

export type CurveName = "p256" | "p384" | "p521";

type Curve = { readonly p: bigint; readonly b: bigint; readonly n: bigint; readonly g: Affine; readonly bytes: number };
type Affine = { readonly x: bigint; readonly y: bigint };
/** x/z², y/z³; z = 0 is the point at infinity. */
type Point = { readonly x: bigint; readonly y: bigint; readonly z: bigint };

/** SP 800-186 section 3.2.1; a = p - 3 for all. */
const CURVES: Readonly<Record<CurveName, Curve>> = {
  p256: {
    bytes: 32,
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    g: {
      x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
      y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
    },
  },
  p384: {
    bytes: 48,
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    g: {
      x: 0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7n,
      y: 0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5fn,
    },
  },
  p521: {
    bytes: 66,
    p: 2n ** 521n - 1n,
    b: 0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
    n: 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    g: {
      x: 0x00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66n,
      y: 0x011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650n,
    },
  },
};

const INFINITY: Point = { x: 1n, y: 1n, z: 0n };

/**
 * Whether the key whose uncompressed point ends its SubjectPublicKeyInfo made this DER signature over this hash. Throws
 * `InputError` for a signature that is no DER.
 */
export function isEcdsaSigned(name: CurveName, spki: Uint8Array, hash: Uint8Array, signature: Uint8Array): boolean {
  const curve = CURVES[name];
  const key = pointOfSpki(curve, spki);
  const [r = 0n, s = 0n, ...more] = childrenOf(readDer(signature), TAG.sequence).map((part) =>
    positive(integerBytes(part)),
  );
  if (key === undefined || more.length > 0 || !isScalar(r, curve) || !isScalar(s, curve)) return false;
  // Longer hashes would have to be cut to the order's length; the pairs of curve and hash in use have none.
  if (hash.length * 8 > curve.n.toString(2).length) return false;
  const w = inverse(s, curve.n);
  const z = numberOf(hash);
  const sum = add(multiply(curve.g, mod(z * w, curve.n), curve), multiply(key, mod(r * w, curve.n), curve), curve);
  if (sum.z === 0n) return false;
  const zInverse = inverse(sum.z, curve.p);
  return mod(mod(sum.x * zInverse * zInverse, curve.p), curve.n) === r;
}

/** Zero, which no scalar may be, for a negative one. */
function positive(integer: Uint8Array): bigint {
  return (integer[0] ?? 0x80) >= 0x80 ? 0n : numberOf(integer);
}

function isScalar(value: bigint, { n }: Curve): boolean {
  return value > 0n && value < n;
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

/** Bytes that are on the curve: SP 800-186 appendix D.1.1. */
function pointOfSpki({ p, b, bytes }: Curve, spki: Uint8Array): Affine | undefined {
  const encoded = spki.subarray(-(1 + 2 * bytes));
  if (encoded.length !== 1 + 2 * bytes || encoded[0] !== 0x04) return undefined;
  const [x, y] = [numberOf(encoded.subarray(1, 1 + bytes)), numberOf(encoded.subarray(1 + bytes))];
  const onCurve = x < p && y < p && mod(y * y - (x * x * x - 3n * x + b), p) === 0n;
  return onCurve ? { x, y } : undefined;
}

function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** By Euclid's algorithm; the modulus is a prime and the value no multiple of it. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [low, high] = [mod(value, modulus), modulus];
  let [x, y] = [1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high] = [high % low, low];
    [x, y] = [y - quotient * x, x];
  }
  return mod(x, modulus);
}

/** From the highest bit down: double, and add where the bit is set. */
function multiply(point: Affine, scalar: bigint, curve: Curve): Point {
  const addend: Point = { ...point, z: 1n };
  let sum = INFINITY;
  for (const bit of scalar.toString(2)) {
    sum = double(sum, curve);
    if (bit === "1") sum = add(sum, addend, curve);
  }
  return sum;
}

/** Jacobian doubling for a = -3 (Cohen, Miyaji, Ono 1998). The double of the point at infinity has z = 0 again. */
function double({ x, y, z }: Point, { p }: Curve): Point {
  const y2 = mod(y * y, p);
  const s = mod(4n * x * y2, p);
  const z2 = mod(z * z, p);
  const m = mod(3n * (x - z2) * (x + z2), p);
  const x3 = mod(m * m - 2n * s, p);
  return { x: x3, y: mod(m * (s - x3) - 8n * y2 * y2, p), z: mod(2n * y * z, p) };
}

/** Jacobian addition of any two points, equal and opposite ones included. */
function add(one: Point, other: Point, curve: Curve): Point {
  const { p } = curve;
  if (one.z === 0n) return other;
  if (other.z === 0n) return one;
  const [z1, z2] = [mod(one.z * one.z, p), mod(other.z * other.z, p)];
  const [u1, u2] = [mod(one.x * z2, p), mod(other.x * z1, p)];
  const [s1, s2] = [mod(one.y * z2 * other.z, p), mod(other.y * z1 * one.z, p)];
  if (u1 === u2) return s1 === s2 ? double(one, curve) : INFINITY;
  const [h, r] = [mod(u2 - u1, p), mod(s2 - s1, p)];
  const h2 = mod(h * h, p);
  const [h3, v] = [mod(h * h2, p), mod(u1 * h2, p)];
  const x3 = mod(r * r - h3 - 2n * v, p);
  return { x: x3, y: mod(r * (v - x3) - s1 * h3, p), z: mod(h * one.z * other.z, p) };
}
