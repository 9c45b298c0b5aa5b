import { expect, test } from 'vitest';
import { fromRoot, toRoot } from '../../src/platform/node/wasmFiles.js';

test.each([
  ['C:/models/a.onnx', '/C:/models/a.onnx'],
  ['z:/', '/z:/'],
  ['//server/share/a.onnx', '/server/share/a.onnx'],
])('the path %s of Windows lies under the one root that WebAssembly knows', (path, under) => {
  expect(toRoot(path)).toBe(under);
  expect(toRoot(path.replaceAll('/', '\\'))).toBe(under);
  expect(fromRoot(under)).toBe(path);
});

test('a drive is its folder, and the root is itself', () => {
  expect(fromRoot('/C:')).toBe('C:/');
  expect(fromRoot('/')).toBe('/');
});
