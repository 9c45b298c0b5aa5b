import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installedProject, model, type Project } from '../project.js';
import { type Registry, startRegistry } from '../registry.js';

let registry: Registry;
let project: Project;
beforeAll(async () => {
  registry = await startRegistry();
  project = await installedProject(registry);
  await project.npm('install', '--prefer-offline', 'next@16', 'react@19', 'react-dom@19');
  project.write({
    'next.config.mjs': "export default { serverExternalPackages: ['espalier'] };",
    'app/layout.jsx': 'export default ({ children }) => <html lang="en"><body>{children}</body></html>;',
    'app/page.jsx': 'export default () => <p>Espalier</p>;',
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
  await registry?.close();
  project?.remove();
});

test('Next.js builds and serves a route that prunes, with the line of configuration that docs/install.md gives', async () => {
  const next = join(project.folder, 'node_modules/next/dist/bin/next');
  const env = { NEXT_TELEMETRY_DISABLED: '1', MODEL: model };
  const { code, stdout, stderr } = await project.run(process.execPath, [next, 'build'], env);
  expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
  const server = spawn(process.execPath, [next, 'start', '--port', '0'], {
    cwd: project.folder,
    env: { ...process.env, ...env, NODE_ENV: 'production' },
  });
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let said = '';
      for (const stream of [server.stdout, server.stderr])
        stream.on('data', (chunk) => {
          said += chunk;
          const [found] = /http:\/\/localhost:\d+/.exec(said) ?? [];
          if (found !== undefined && /Ready/.test(said)) resolve(found);
        });
      server.on('exit', () => reject(new Error(said)));
    });
    const answer = (await (await fetch(`${url}/prune`)).json()) as { before: number; after: number };
    expect(answer.after).toBeLessThanOrEqual(answer.before / 2);
  } finally {
    server.kill();
  }
});
