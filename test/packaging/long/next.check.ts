import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startChromium } from '../../browser/chromium.js';
import { installedProject, model, type Project } from '../project.js';
import { type Registry, startRegistry } from '../registry.js';

let registry: Registry;
let project: Project;
let server: ChildProcess;
let url: string;
beforeAll(async () => {
  registry = await startRegistry();
  project = await installedProject(registry);
  await project.npm(
    'install',
    '--prefer-offline',
    'next@16',
    'react@19',
    'react-dom@19',
    'onnxruntime-web@1.30.0',
  );
  project.write({
    'next.config.mjs': "export default { serverExternalPackages: ['espalier'] };",
    'app/layout.jsx': 'export default ({ children }) => <html lang="en"><body>{children}</body></html>;',
    'app/page.jsx': `
      'use client';
      import { useEffect, useState } from 'react';

      export default function Page() {
        const [told, tell] = useState('');
        useEffect(() => {
          const prune = async () => {
            const { openModel } = await import('espalier');
            const model = await openModel(new URL('/model.onnx', location.href));
            const { before, after } = await model.prune({ macs: 0.5 });
            model.dispose();
            return after.macs <= before.macs / 2 ? 'pruned' : 'too large';
          };
          prune().then(tell, (error) => tell(String(error)));
        }, []);
        return <p id="told">{told}</p>;
      }`,
    'app/prune/route.js': `
      import { openModel } from 'espalier';

      export const dynamic = 'force-dynamic';

      export async function GET() {
        const model = await openModel(process.env.MODEL);
        const { before, after } = await model.prune({ macs: 0.5 });
        model.dispose();
        return Response.json({ before: before.macs, after: after.macs });
      }`,
  });
});
afterAll(async () => {
  server?.kill();
  await registry?.close();
  project?.remove();
});

/** The address of what `next start` serves. */
const started = (next: string, env: NodeJS.ProcessEnv): Promise<string> =>
  new Promise((resolve, reject) => {
    server = spawn(process.execPath, [next, 'start', '--port', '0'], {
      cwd: project.folder,
      env: { ...process.env, ...env, NODE_ENV: 'production' },
    });
    let said = '';
    for (const stream of [server.stdout, server.stderr])
      stream?.on('data', (chunk) => {
        said += chunk;
        const [found] = /http:\/\/localhost:\d+/.exec(said) ?? [];
        if (found !== undefined && /Ready/.test(said)) resolve(found);
      });
    server.on('exit', () => reject(new Error(said)));
  });

test('Next.js builds, with the line of configuration that docs/install.md gives', async () => {
  mkdirSync(join(project.folder, 'public'));
  copyFileSync(model, join(project.folder, 'public/model.onnx'));
  const next = join(project.folder, 'node_modules/next/dist/bin/next');
  const env = { NEXT_TELEMETRY_DISABLED: '1', MODEL: model };
  const { code, stdout, stderr } = await project.run(process.execPath, [next, 'build'], env);
  expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
  url = await started(next, env);
});

test('a route of it prunes', async () => {
  const answer = (await (await fetch(`${url}/prune`)).json()) as { before: number; after: number };
  expect(answer.after).toBeLessThanOrEqual(answer.before / 2);
});

test('a page of it prunes in the browser', async () => {
  const browser = await startChromium();
  try {
    const page = await browser.newPage();
    await page.goto(url);
    await page.waitForSelector('#told:not(:empty)', { timeout: 60_000 });
    expect(await page.textContent('#told')).toBe('pruned');
  } finally {
    await browser.close();
  }
});
