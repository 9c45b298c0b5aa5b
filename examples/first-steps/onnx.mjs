// The smallest possible writer of ONNX models: just the messages of protobuf that one needs for a few dense layers.
// The numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto

const bytes = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));

/** A whole number, seven bits at a time, the lowest first. */
function varint(value) {
  const low = value & 127;
  return value < 128 ? [low] : [low | 128, ...varint(value >>> 7)];
}

/** A field that is a number. */
const number = (field, value) => bytes(varint(field << 3), varint(value));

/** A field that is text, raw data, or a message of further fields. */
const message = (field, ...parts) => {
  const content = bytes(...parts);
  return bytes(varint((field << 3) | 2), varint(content.length), content);
};

const FLOAT = 1;

/** NodeProto: inputs 1, outputs 2, operator 4. */
const node = ({ op, inputs, output }) =>
  message(1, ...inputs.map((name) => message(1, name)), message(2, output), message(4, op));

/** TensorProto: dims 1, element type 2, name 8, little-endian data 9. */
const tensor = (name, dims, values) =>
  message(
    5,
    ...dims.map((length) => number(1, length)),
    number(2, FLOAT),
    message(8, name),
    message(9, Buffer.from(Float32Array.from(values).buffer)),
  );

/** ValueInfoProto: a matrix of floats whose first axis, the samples, has any length. */
const matrix = (field, name, width) =>
  message(
    field,
    message(1, name),
    message(
      2,
      message(1, number(1, FLOAT), message(2, message(1, message(2, 'n')), message(1, number(1, width)))),
    ),
  );

/** ModelProto: version of the format 1, graph 7, version of the operators 8. */
export function model({ nodes, weights, input, output }) {
  return bytes(
    number(1, 8),
    message(
      7,
      ...nodes.map(node),
      message(2, 'first steps'),
      ...Object.entries(weights).map(([name, { dims, values }]) => tensor(name, dims, values)),
      matrix(11, ...input),
      matrix(12, ...output),
    ),
    message(8, number(2, 17)),
  );
}

/** The same model, with one more of its values as an output: protobuf adds up what is appended. */
export const showing = (model, name, width) => bytes(model, message(7, matrix(12, name, width)));
