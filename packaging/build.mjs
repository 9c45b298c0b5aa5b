// Builds dist from src: bundles, what the package's exports open, types.
import { bundleForNode } from './bundle.mjs';
import { writeDeclarations } from './declarations.mjs';
import { exportedByFile, writeFront } from './front.mjs';
import { root } from './manifest.mjs';

process.chdir(root);
await bundleForNode([...exportedByFile().keys(), 'cli/main']);
writeFront();
writeDeclarations();
