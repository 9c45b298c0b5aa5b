import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { loadData, openModel, report } from '../../src/index.js';
import { growConvnet } from '../support/convnets.js';
import { encodeModel } from '../support/onnx.js';

const inExamples = (name: string): string =>
  fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

/** Reports in files of a temporary folder. */
export class Reports {
  private constructor(readonly folder: string) {}

  static async in(): Promise<Reports> {
    return new Reports(await mkdtemp(join(tmpdir(), 'espalier-reports-')));
  }

  path(name: string): string {
    return join(this.folder, `${name}.html`);
  }

  /** LeNet-5, pruned so far on samples that some of its answers change; with a guard. */
  async ofSamples(): Promise<string> {
    const data = await loadData(inExamples('mnist-digits.npz'));
    const original = inExamples('lenet5_mnist.onnx');
    using model = await openModel(original);
    const outcome = await model.prune({
      ...{ macs: 0.05, data, labels: 'label' },
      guard: [{ metric: 'fidelity', atLeast: 0.8 }],
    });
    const pruned = await outcome.toBytes();
    return this.#written('samples', original, pruned, { outcome, data, labels: 'label', runs: 5 });
  }

  /** A convolutional network of many nodes, pruned by its weights alone: the same on any machine. */
  async ofWeights(name = 'weights', layers = 9): Promise<string> {
    const kinds = ['conv', 'residual', 'conv'] as const;
    const original = encodeModel(
      growConvnet(
        Array.from({ length: layers }, (_, index) => ({
          ...{ kind: kinds[index % 3]!, pick: 0, size: 8 + 4 * (index % 5) },
        })),
        3,
      ),
    );
    using model = await openModel(original);
    const outcome = await model.prune({ ratio: 0.4, roundTo: 1 });
    return this.#written(name, original, await outcome.toBytes(), {
      outcome,
      compare: false,
      command: 'espalier prune',
    });
  }

  async ofTree(): Promise<string> {
    const original = inExamples('lenet5_mnist.onnx');
    const data = await loadData(inExamples('mnist-digits.npz'));
    using model = await openModel(original);
    const tree = await model.tree({ group: 'c1', data, samples: 100 });
    return this.#written('tree', original, undefined, { tree });
  }

  async #written(name: string, ...given: Parameters<typeof report>): Promise<string> {
    await (await report(...given)).save(this.path(name));
    return this.path(name);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A report as somebody has opened it from a file, and what went wrong behind what is shown. */
export interface OpenedReport {
  readonly page: Page;
  readonly errors: string[];
  /** Whatever the page asked for beside itself. */
  readonly requests: string[];
}

/** Opens a report from its file, and waits until it is drawn. */
export async function openReport(
  browser: Browser,
  path: string,
  options: BrowserContextOptions = {},
): Promise<OpenedReport> {
  const page = await browser.newPage({ acceptDownloads: true, ...options });
  page.setDefaultTimeout(20_000);
  const errors: string[] = [];
  const requests: string[] = [];
  const address = pathToFileURL(path).href;
  page.on('pageerror', (error) => errors.push(`${error}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) errors.push(message.text());
  });
  page.on('request', (request) => {
    if (request.url() !== address && !/^(data|blob):/.test(request.url())) requests.push(request.url());
  });
  await page.goto(address);
  await page.waitForSelector('footer');
  return { page, errors, requests };
}

/** Scrolls through a page, so that all that is drawn when it comes near is drawn. */
export async function seeAll(page: Page): Promise<void> {
  for (const section of await page.locator('section').all()) await section.scrollIntoViewIfNeeded();
  await page.waitForTimeout(200);
}

/** Unfolds all that is folded, as somebody would who wants to see everything. */
export async function openAll(page: Page): Promise<void> {
  await page.locator('details').evaluateAll((all) => {
    for (const details of all) (details as unknown as { open: boolean }).open = true;
  });
  await page.waitForTimeout(200);
}
