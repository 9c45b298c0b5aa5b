#!/usr/bin/env node
import { run } from './program.js';

const stop = new AbortController();

// The first interruption stops the work and lets it tidy up; the second one stops the process as it is.
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => stop.abort(new DOMException('interrupted', 'AbortError')));

// Whoever reads the output may leave early: `espalier inspect m.onnx | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

// Not `process.exit`: what is still on its way to a pipe has to arrive.
void run(process.argv.slice(2), stop.signal).then((code) => {
  process.exitCode = code;
});
