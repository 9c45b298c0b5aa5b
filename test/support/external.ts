/** A field of a protobuf message: its number, its wire type, and what it holds. */
interface Field {
  readonly number: number;
  readonly wire: number;
  readonly payload: Uint8Array;
}

/** Numbers of fields, of onnx.proto. */
const MODEL = { graph: 7 };
const GRAPH = { initializer: 5 };
const TENSOR = { rawData: 9, externalData: 13, dataLocation: 14 };
const [VARINT, FIXED64, BYTES] = [0, 1, 2];

/** A model whose stored tensors lie in a file of that name, and what lies there. */
export function stored(
  model: Uint8Array,
  location: string,
): { readonly model: Buffer; readonly data: Buffer } {
  const data: Uint8Array[] = [];
  let offset = 0;
  const outside = (tensor: Uint8Array): Uint8Array => {
    const fields = fieldsOf(tensor);
    const raw = fields.find(({ number }) => number === TENSOR.rawData)?.payload;
    if (raw === undefined || raw.length === 0) return tensor;
    const entries = { location, offset: `${offset}`, length: `${raw.length}` };
    data.push(raw);
    offset += raw.length;
    return message([
      ...fields.filter(({ number }) => number !== TENSOR.rawData),
      ...Object.entries(entries).map(([key, value]) =>
        bytes(TENSOR.externalData, message([bytes(1, Buffer.from(key)), bytes(2, Buffer.from(value))])),
      ),
      { number: TENSOR.dataLocation, wire: VARINT, payload: Buffer.from([1]) },
    ]);
  };
  const changed = within(model, MODEL.graph, (graph) => within(graph, GRAPH.initializer, outside));
  return { model: changed, data: Buffer.concat(data) };
}

/** A message in which the messages of one field are others. */
const within = (of: Uint8Array, number: number, change: (inner: Uint8Array) => Uint8Array): Buffer =>
  message(
    fieldsOf(of).map((field) =>
      field.number === number ? { ...field, payload: change(field.payload) } : field,
    ),
  );

const bytes = (number: number, payload: Uint8Array): Field => ({ number, wire: BYTES, payload });

function fieldsOf(of: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = of[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < of.length) {
    const key = varint();
    const wire = key & 7;
    const start = at;
    if (wire === BYTES) {
      const length = varint();
      at += length;
      fields.push({ number: key >> 3, wire, payload: of.subarray(at - length, at) });
      continue;
    }
    if (wire === VARINT) varint();
    else at += wire === FIXED64 ? 8 : 4;
    fields.push({ number: key >> 3, wire, payload: of.subarray(start, at) });
  }
  return fields;
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

const message = (fields: readonly Field[]): Buffer =>
  Buffer.concat(
    fields.flatMap(({ number, wire, payload }) => [
      Buffer.from([...varint(number * 8 + wire), ...(wire === BYTES ? varint(payload.length) : [])]),
      payload,
    ]),
  );
