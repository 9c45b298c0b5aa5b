import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Where systems put it; CHROMIUM names another one. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Starts the system's Chromium. errors: a sentence for people where there is none. */
export async function startChromium(): Promise<Browser> {
  const { CHROMIUM = PLACES.find((place) => existsSync(place)) } = process.env;
  if (CHROMIUM === undefined)
    throw new Error(
      'There is no Chromium: install it (Debian: apt-get install chromium), or name its program in CHROMIUM.',
    );
  // Without its sandbox it runs for root too, as in containers; the pages are our own.
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}
