import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes the API's pages from the docstrings of all that the package exports. */
export function writeApi(root: string, out: string): void {
  const options = join(out, '..', 'typedoc.json');
  writeFileSync(
    options,
    JSON.stringify({
      entryPoints: [join(root, 'src/index.ts')],
      tsconfig: join(root, 'tsconfig.json'),
      plugin: ['typedoc-plugin-markdown'],
      out,
      readme: 'none',
      name: 'API',
      // Types are checked elsewhere, by the compiler that the repository is written for.
      skipErrorChecking: true,
      disableSources: true,
      excludeInternal: true,
      excludePrivate: true,
      hidePageHeader: true,
      hideBreadcrumbs: true,
      entryFileName: 'index',
      useCodeBlocks: true,
      indexFormat: 'table',
      groupOrder: ['Functions', 'Classes', 'Interfaces', 'Type Aliases', 'Variables'],
      parametersFormat: 'table',
      propertiesFormat: 'table',
      interfacePropertiesFormat: 'table',
      typeDeclarationFormat: 'table',
      tableColumnSettings: { hideSources: true, hideInherited: true, hideOverrides: true },
      sanitizeComments: true,
      validation: false,
      logLevel: 'Warn',
    }),
  );
  execFileSync(process.execPath, [join(root, 'docs/node_modules/typedoc/bin/typedoc'), '--options', options], {
    cwd: join(root, 'docs'),
    stdio: 'inherit',
  });
  for (const file of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.md')) continue;
    const path = join(out, file);
    writeFileSync(path, withErrors(readFileSync(path, 'utf8')));
  }
}

/** What a docstring says of errors, which it begins a line with, as a paragraph of its own. */
const withErrors = (page: string): string => page.replace(/^errors: /gm, '\n**Errors**: ');
