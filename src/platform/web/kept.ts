import type { KeptTexts } from '../types.js';

/** The name of the browser's store, and an address that nobody is asked at: it names entries of the store alone. */
const STORE = 'espalier';
const addressOf = (name: string): string => `https://espalier.invalid/${encodeURIComponent(name)}`;

/** Texts in the browser's store of responses, which pages of one origin share; on pages without encryption there is none. */
export const keptTexts = (): KeptTexts => ({
  read: async (name) => {
    try {
      const found = await (await caches.open(STORE)).match(addressOf(name));
      return found === undefined ? [] : [await found.text()];
    } catch {
      return [];
    }
  },
  write: async (name, text) => {
    try {
      await (await caches.open(STORE)).put(addressOf(name), new Response(text));
    } catch {
      // What cannot be kept is not kept.
    }
  },
});
