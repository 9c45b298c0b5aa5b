// Builds dist from src: bundles, what the package's exports open, types.
import { bundleForNode } from './bundle.js';
import { writeDeclarations } from './declarations.js';
import { exportedByFile, writeFront } from './front.js';

await bundleForNode([...exportedByFile().keys(), 'cli/main']);
writeFront();
writeDeclarations();
