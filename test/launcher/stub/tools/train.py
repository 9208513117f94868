"""Stands in for PaddleSeg's command: a model of three layers."""
import argparse

import paddle
from paddleseg.core import train


class Block(paddle.nn.Layer):
    def forward(self):
        pass


class BatchNorm(Block):
    _momentum = _mean = _variance = 0


parser = argparse.ArgumentParser()
parser.add_argument("--config", required=True)
parser.add_argument("--iters", type=int, default=100)
parser.add_argument("--to_static_training", action="store_true")
args = parser.parse_args()
model = Block(backbone=Block(first=Block(bn=BatchNorm()), second=Block()), heads=paddle.nn.LayerList(one=Block()))
train(model, [], iters=args.iters, batch_size=8, to_static_training=args.to_static_training)
