/** A name and what is to say of it; names without text continue the one above. */
export function field(name: string, value: string): string {
  return `  ${name.padEnd(12)} ${value}`;
}
