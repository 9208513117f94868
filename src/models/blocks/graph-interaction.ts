/** @file GINet's head: a graph of visual nodes and one of class words (`paddleseg/models/ginet.py`). */
import { current } from "../../engine/engine.ts";
import { drop } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { Layer, Parameter, type ParameterOptions, Sequential } from "../../nn/layer.ts";
import { BatchNorm1D, BatchNorm2D, Conv1D, Conv2D, Dropout, Linear, ReLU, Softmax } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBNReLU } from "./conv.ts";

/** A graph convolution: along the nodes, then along the states of [N, states, nodes]. */
class GCN extends Layer {
  readonly conv1: Conv1D;
  readonly relu: ReLU;
  readonly conv2: Conv1D;

  constructor(states: number, nodes: number) {
    super();
    this.conv1 = new Conv1D(nodes, nodes);
    this.relu = new ReLU();
    this.conv2 = new Conv1D(states, states, { bias: false });
  }

  forward(f: { h: Tensor }, x: Tensor): Tensor {
    f.h = t.transpose(this.conv1.call(t.transpose(x, [0, 2, 1])), [0, 2, 1]);
    f.h = t.add(f.h, x);
    f.h = this.relu.call(f.h);
    f.h = this.conv2.call(f.h);
    return f.h;
  }
}

interface TransferLocals {
  proj_query: Tensor;
  proj_key: Tensor;
  energy: Tensor;
  attention_vis: Tensor;
  attention_word: Tensor;
  proj_value_vis: Tensor;
  proj_value_word: Tensor;
  class_out: Tensor;
  node_out: Tensor;
}

/** Attention between words and visual nodes, both ways. */
class GraphTransfer extends Layer<readonly [Tensor, Tensor], readonly [Tensor, Tensor]> {
  readonly query_conv: Conv1D;
  readonly key_conv: Conv1D;
  readonly value_conv_vis: Conv1D;
  readonly value_conv_word: Conv1D;
  readonly softmax_vis: Softmax;
  readonly softmax_word: Softmax;

  constructor(channels: number) {
    super();
    const half = Math.floor(channels / 2);
    this.query_conv = new Conv1D(channels, half);
    this.key_conv = new Conv1D(channels, half);
    this.value_conv_vis = new Conv1D(channels, channels);
    this.value_conv_word = new Conv1D(channels, channels);
    this.softmax_vis = new Softmax();
    this.softmax_word = new Softmax();
  }

  forward(f: TransferLocals, word: Tensor, vis: Tensor): readonly [Tensor, Tensor] {
    const n = word.dim(0);
    const [words, nodes] = [word.dim(2), vis.dim(2)];
    f.proj_query = t.transpose(t.reshape(this.query_conv.call(word), [n, -1, words]), [0, 2, 1]);
    f.proj_key = t.reshape(this.key_conv.call(vis), [n, -1, nodes]);
    f.energy = t.bmm(f.proj_query, f.proj_key);
    f.attention_vis = t.transpose(this.softmax_vis.call(f.energy), [0, 2, 1]);
    f.attention_word = this.softmax_word.call(f.energy);
    f.proj_value_vis = t.reshape(this.value_conv_vis.call(vis), [n, -1, nodes]);
    f.proj_value_word = t.reshape(this.value_conv_word.call(word), [n, -1, words]);
    f.class_out = t.bmm(f.proj_value_vis, f.attention_vis);
    f.node_out = t.bmm(f.proj_value_word, f.attention_word);
    return [f.class_out, f.node_out];
  }
}

interface GraphLocals {
  inp: Tensor;
  new_V: Tensor;
  class_node: Tensor;
  vis_node: Tensor;
}

class GraphLayer extends Layer<readonly [Tensor, Tensor], readonly [Tensor, Tensor]> {
  readonly vis_gcn: GCN;
  readonly word_gcn: GCN;
  readonly transfer: GraphTransfer;
  readonly gamma_vis: Parameter;
  readonly gamma_word: Parameter;

  constructor(states: number, nodes: number, classes: number) {
    super();
    this.vis_gcn = new GCN(states, nodes);
    this.word_gcn = new GCN(states, classes);
    this.transfer = new GraphTransfer(states);
    const zeros = [t.zeros([nodes]), t.zeros([classes])];
    this.gamma_vis = assigned([nodes]);
    drop(zeros[0]);
    this.gamma_word = assigned([classes]);
    drop(zeros[1]);
  }

  forward(f: GraphLocals, inp: Tensor, vis: Tensor): readonly [Tensor, Tensor] {
    f.inp = this.word_gcn.call(inp);
    f.new_V = this.vis_gcn.call(vis);
    const [classNode, visNode] = this.transfer.call(f.inp, f.new_V);
    f.class_node = classNode;
    f.vis_node = visNode;
    f.class_node = t.add(t.multiply(this.gamma_word, f.inp), f.class_node);
    f.new_V = t.add(t.multiply(this.gamma_vis, f.vis_node), f.new_V);
    return [f.class_node, f.new_V];
  }
}

/** A parameter that starts as the copy of a tensor. */
function assigned(shape: readonly number[], options: ParameterOptions = {}): Parameter {
  return new Parameter(shape, { initializer: "assign_value", ...options });
}

interface UnitLocals {
  B: Tensor;
  x_reduce: Tensor;
  V: Tensor;
  class_node: Tensor;
  new_V: Tensor;
  D: Tensor;
  Y: Tensor;
  out: Tensor;
}

/** Pixels projected to nodes, reasoned over with the words, projected back. */
class GlobalReasonUnit extends Layer<readonly [Tensor, Tensor], readonly [Tensor, Tensor]> {
  readonly conv_theta: Conv2D;
  readonly conv_phi: Conv2D;
  readonly graph: GraphLayer;
  readonly extend_dim: Conv2D;
  readonly bn: BatchNorm2D;
  private readonly states: number;

  constructor(channels: number, states: number, nodes: number, classes: number) {
    super();
    this.states = states;
    this.conv_theta = new Conv2D(channels, nodes, 1);
    this.conv_phi = new Conv2D(channels, states, 1);
    this.graph = new GraphLayer(states, nodes, classes);
    this.extend_dim = new Conv2D(states, channels, 1, { bias: false });
    this.bn = new BatchNorm2D(channels);
  }

  forward(f: UnitLocals, x: Tensor, inp: Tensor): readonly [Tensor, Tensor] {
    f.B = this.conv_theta.call(x);
    f.B = t.flatten(f.B, 2, 3);
    f.x_reduce = this.conv_phi.call(x);
    f.x_reduce = t.transpose(t.flatten(f.x_reduce, 2, 3), [0, 2, 1]);
    f.V = t.transpose(t.bmm(f.B, f.x_reduce), [0, 2, 1]);
    // The number of pixels, worked out from `paddle.shape` in host memory.
    f.V = t.divide(f.V, current().hostTensor([], "float32"));
    const [classNode, newV] = this.graph.call(inp, f.V);
    f.class_node = classNode;
    f.new_V = newV;
    f.D = t.transpose(f.B, [0, 2, 1]);
    f.Y = t.bmm(f.D, t.transpose(f.new_V, [0, 2, 1]));
    f.Y = t.reshape(t.transpose(f.Y, [0, 2, 1]), [x.dim(0), this.states, x.dim(2), -1]);
    f.Y = this.extend_dim.call(f.Y);
    f.Y = this.bn.call(f.Y);
    f.out = t.add(f.Y, x);
    return [f.out, f.class_node];
  }
}

interface HeadLocals {
  inp: Tensor;
  out: Tensor;
  se_out: Tensor;
}

/** Words of 300 numbers each (zeros here), 84 visual nodes, 256 states: PaddleSeg's own sizes. */
export class GIHead extends Layer<readonly [Tensor], readonly [Tensor, Tensor]> {
  readonly inp: Parameter;
  readonly fc1: Sequential;
  readonly fc2: Sequential;
  readonly conv5: ConvBNReLU;
  readonly gloru: GlobalReasonUnit;
  readonly conv6: Sequential;
  private readonly classes: number;

  constructor(inChannels: number, classes: number) {
    super();
    this.classes = classes;
    const inter = Math.floor(inChannels / 4);
    const zeros = t.zeros([classes, 300]);
    this.inp = assigned([classes, 300], { trainable: false });
    drop(zeros);
    const words = (from: number, to: number) => new Sequential(new Linear(from, to), new BatchNorm1D(to), new ReLU());
    this.fc1 = words(300, 128);
    this.fc2 = words(128, 256);
    this.conv5 = new ConvBNReLU(inChannels, inter, 3, { padding: 1, bias: false });
    this.gloru = new GlobalReasonUnit(inter, 256, 84, classes);
    this.conv6 = new Sequential(new Dropout(0.1), new Conv2D(inter, classes, 1));
  }

  forward(f: HeadLocals, x: Tensor): readonly [Tensor, Tensor] {
    f.inp = this.inp;
    f.inp = this.fc1.call(f.inp);
    const words = t.transpose(t.unsqueeze(this.fc2.call(f.inp), 0), [0, 2, 1]);
    f.inp = t.expand(words, [x.dim(0), 256, this.classes]);
    f.out = this.conv5.call(x);
    const [out, nodes] = this.gloru.call(f.out, f.inp);
    f.out = out;
    f.se_out = nodes;
    f.out = this.conv6.call(f.out);
    return [f.out, f.se_out];
  }
}
