import onnxProto from 'onnx-proto';
import type { Weight } from './weights.js';

const { onnx } = onnxProto;

/** opset 13: the newest whose operators all of these nets need, understood by every current runtime. */
const OPSET = 13;
const IR_VERSION = 8;

type Attribute = number | string | readonly number[];

/** Name of a tensor in the graph. */
export type Tensor = string;

/** Builds one ONNX graph, node by node. Every method takes and gives names of tensors; layouts are NCHW. */
export class Graph {
  readonly #nodes: InstanceType<typeof onnx.NodeProto>[] = [];
  readonly #initializers: InstanceType<typeof onnx.TensorProto>[] = [];

  constructor(private readonly name: string) {}

  node(op: string, inputs: readonly Tensor[], attributes: Readonly<Record<string, Attribute>> = {}): Tensor {
    const name = `${op}_${this.#nodes.length}`;
    this.#nodes.push(
      onnx.NodeProto.create({ name, opType: op, input: [...inputs], output: [name], attribute: Object.entries(attributes).map(attribute) }),
    );
    return name;
  }

  constant(shape: readonly number[], data: Float32Array): Tensor {
    const name = `weight_${this.#initializers.length}`;
    const rawData = new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
    this.#initializers.push(onnx.TensorProto.create({ name, dims: [...shape], dataType: onnx.TensorProto.DataType.FLOAT, rawData }));
    return name;
  }

  integers(values: readonly number[]): Tensor {
    const name = `shape_${this.#initializers.length}`;
    const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    this.#initializers.push(onnx.TensorProto.create({ name, dims: [values.length], dataType: onnx.TensorProto.DataType.INT64, rawData }));
    return name;
  }

  scalar(value: number): Tensor {
    return this.constant([], Float32Array.of(value));
  }

  /** Bytes of the model. `input` and `outputs` name their tensors and give their shapes. */
  encode(input: TensorShape, outputs: readonly TensorShape[]): Uint8Array {
    const graph = onnx.GraphProto.create({
      name: this.name,
      node: this.#nodes,
      initializer: this.#initializers,
      input: [valueInfo(input)],
      output: outputs.map(valueInfo),
    });
    const model = onnx.ModelProto.create({
      irVersion: IR_VERSION,
      producerName: 'facehash',
      opsetImport: [{ domain: '', version: OPSET }],
      graph,
    });
    return onnx.ModelProto.encode(model).finish();
  }
}

export interface TensorShape {
  readonly name: Tensor;
  readonly shape: readonly number[];
}

function valueInfo({ name, shape }: TensorShape) {
  const dim = shape.map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: onnx.TensorProto.DataType.FLOAT, shape: { dim } } } };
}

function attribute([name, value]: [string, Attribute]) {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if (typeof value === 'number')
    return Number.isInteger(value) ? { name, type: AttributeType.INT, i: value } : { name, type: AttributeType.FLOAT, f: value };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

/** [height, width, in, out] as TensorFlow has it → [out, in, height, width]. */
export function toOihw({ shape, data }: Weight): Weight {
  const [h = 0, w = 0, i = 0, o = 0] = shape;
  const out = new Float32Array(data.length);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++)
      for (let c = 0; c < i; c++)
        for (let f = 0; f < o; f++) out[((f * i + c) * h + y) * w + x] = data[((y * w + x) * i + c) * o + f] ?? Number.NaN;
  return { shape: [o, i, h, w], data: out };
}

/** Depthwise [height, width, channels, 1] → [channels, 1, height, width]. */
export function toDepthwise({ shape, data }: Weight): Weight {
  const [h = 0, w = 0, c = 0] = shape;
  return toOihw({ shape: [h, w, 1, c], data });
}
