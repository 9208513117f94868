"""Stands in for Paddle: as much of it as vram_train.py needs before it trains."""
import types


class Layer:
    def __init__(self, **parts):
        self.parts = parts

    def forward(self):
        raise NotImplementedError

    def named_sublayers(self, prefix="", include_self=False):
        if include_self:
            yield prefix, self
        for name, part in self.parts.items():
            yield from part.named_sublayers(prefix + "." + name if prefix else name, True)

    def sublayers(self, include_self=False):
        return [part for _, part in self.named_sublayers("", include_self)]


class LayerList(Layer):
    pass


nn = types.SimpleNamespace(Layer=Layer, LayerList=LayerList)
distributed = types.SimpleNamespace(ParallelEnv=lambda: types.SimpleNamespace(nranks=1))
