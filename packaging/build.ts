// Builds dist from src: bundles, what the package's exports open, types.
import { bundleForBrowser } from './browser.js';
import { bundleForNode } from './bundle.js';
import { writeDeclarations } from './declarations.js';
import { exportedByFile, writeFront } from './front.js';
import { bundleViewer } from './viewer.js';

await bundleForNode([...exportedByFile().keys(), 'cli/main', 'platform/node/wasmThread']);
await bundleForBrowser();
await bundleViewer();
writeFront();
writeDeclarations();
