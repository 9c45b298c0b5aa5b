import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';

/** Long enough for a machine that has others to serve. */
const PATIENCE = 150_000;

/** The page of examples/browser, as somebody who uses it sees it. */
export class ExamplePage {
  /** What went wrong behind what is shown. */
  readonly errors: string[] = [];

  private constructor(readonly page: Page) {
    page.on('pageerror', (error) => this.errors.push(`${error}`));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
  }

  static async open(browser: Browser, address: string): Promise<ExamplePage> {
    const page = await browser.newPage({ acceptDownloads: true });
    const opened = new ExamplePage(page);
    await page.goto(address);
    return opened;
  }

  /** Chooses files, of which one is the model, and waits until it is read, or refused. */
  async choose(model: Parameters<Page['setInputFiles']>[1]) {
    await this.page.setInputFiles('#model', model);
    await this.page.waitForSelector('#budget-section:not([hidden]), #problem:not(:empty)', {
      timeout: PATIENCE,
    });
  }

  /** Prunes with what is set, and waits for the end of it. */
  async prune(): Promise<void> {
    await this.page.click('#start');
    await this.page.waitForSelector('#result-section:not([hidden]), #problem:not(:empty)', {
      timeout: PATIENCE,
    });
  }

  text(selector: string): Promise<string | null> {
    return this.page.textContent(selector);
  }

  /** The bytes of the model that it offers. */
  async download(): Promise<Buffer> {
    const [download] = await Promise.all([this.page.waitForEvent('download'), this.page.click('#download')]);
    return readFile(await download.path());
  }
}
