/** Whether bytes hold `text`, one character a byte. What can search faster than this language is given from outside. */
export type ByteSearch = (bytes: Uint8Array, text: string) => boolean;

/** The search where nothing faster is at hand. */
export const plainSearch: ByteSearch = (bytes, text) => {
  const first = text.charCodeAt(0);
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (isAt(bytes, at, text)) return true;
  }
  return false;
};

/** Whether `text` stands at just that place. */
export function isAt(bytes: Uint8Array, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** All pieces as one. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
