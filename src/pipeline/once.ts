import type { Sources } from "../schemes/scheme.ts";

/** Shares one answer, a failure too, between all who ask under a key while one verification lasts. */
export function onceEach(): Sources["once"] {
  const answers = new Map<string, Promise<unknown>>();
  return async <T>(key: string, look: () => Promise<T>): Promise<T> => {
    const answer = answers.get(key) ?? look();
    answers.set(key, answer);
    return (await answer) as T;
  };
}
