import { model, tensorType } from './models.js';

/** y = x + w with w in a file beside the model. */
export function externallyStored(location: string, length: number): Uint8Array {
  const value = (name: string) => ({ name, type: tensorType.float32, shape: [length] });
  const inline = model({
    nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
    inputs: [value('x')],
    outputs: [value('y')],
  });
  const short = (tag: number, bytes: Buffer) => Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
  const text = (tag: number, words: string) => short(tag, Buffer.from(words));
  // TensorProto: dims 1, data_type 2, name 8, external_data 13 (key 1, value 2), data_location 14.
  const tensor = Buffer.concat([
    Buffer.from([0x08, length, 0x10, tensorType.float32]),
    text(0x42, 'w'),
    short(0x6a, Buffer.concat([text(0x0a, 'location'), text(0x12, location)])),
    Buffer.from([0x70, 1]),
  ]);
  // A message that occurs twice is one message: the graph goes on here.
  return Buffer.concat([inline, short(0x3a, short(0x2a, tensor))]);
}
