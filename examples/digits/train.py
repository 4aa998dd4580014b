#!/usr/bin/env python3
"""Draws digits, trains a binary network on them, and writes it down with digits to try it on.

    python3 examples/digits/train.py            # draw, train, write the files (needs PyTorch)
    python3 examples/digits/train.py --check    # read the files back and compare (needs only numpy)

Everything follows from SEED. One thread and plain x86 kernels are asked for, because the order of
floating-point sums decides which weights training ends with.
"""
import argparse
import os
from pathlib import Path

# Must stand before numpy and torch load their libraries.
os.environ.update(ATEN_CPU_CAPABILITY='default', OPENBLAS_CORETYPE='Nehalem')
os.environ.update(OPENBLAS_NUM_THREADS='1', OMP_NUM_THREADS='1')

import numpy as np

import onnx_file
from draw import SIZE, draw

SEED = 20240
TRAINED_ON, TESTED_ON, KEPT_TESTS = 40000, 2000, 500
EPOCHS, BATCH = 30, 100
WIDTHS = [SIZE * SIZE, 64, 64, 10]
LAYERS = ['fc1', 'fc2', 'fc3']
EPSILON = float(np.float32(1e-5))
HERE = Path(__file__).resolve().parent


def random_labels(count, stream):
    return np.random.default_rng([SEED, stream, 0]).integers(0, 10, count).astype(np.uint8)


def dozen_labels():
    """Each class once and two more, in random order; the drawing of them is not looked at."""
    rng = np.random.default_rng([SEED, 3, 0])
    return rng.permutation(np.concatenate([np.arange(10), rng.integers(0, 10, 2)])).astype(np.uint8)


def drawn(labels, stream):
    return draw(labels, [SEED, stream, 1]), labels


def train(pixels, labels):
    """Trains the network.

    Gives per layer the weights in {-1, +1} and the batch norm; the final scale and bias; and the trained
    network's own evaluation of the last layer's sums.
    """
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)

    class Sign(torch.autograd.Function):
        """+1 where x >= 0, else -1; the gradient passes where |x| <= 1."""

        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return torch.where(x >= 0, torch.ones_like(x), -torch.ones_like(x))

        @staticmethod
        def backward(context, gradient):
            (x,) = context.saved_tensors
            return gradient * (x.abs() <= 1)

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            pairs = list(zip(WIDTHS, WIDTHS[1:]))
            start = [torch.empty(o, i).uniform_(-0.5, 0.5) for i, o in pairs]
            self.latent = nn.ParameterList([nn.Parameter(values) for values in start])
            self.norms = nn.ModuleList([nn.BatchNorm1d(o, eps=EPSILON) for _, o in pairs[:-1]])
            for norm in self.norms:  # a trained batch norm may have scales of either sign: start from both
                nn.init.uniform_(norm.weight, 0.5, 1.5)
                norm.weight.data *= torch.where(torch.rand(norm.num_features) < 0.25, -1.0, 1.0)
            self.scale = nn.Parameter(torch.tensor(1 / 32))
            self.bias = nn.Parameter(torch.tensor(0.0))

        def sums(self, x):
            """The integer sums of the last layer."""
            x = Sign.apply(2 * x.flatten(1) - 1)
            for latent, norm in zip(self.latent, self.norms):
                x = Sign.apply(norm(x @ Sign.apply(latent).T))
            return x @ Sign.apply(self.latent[-1]).T

        def forward(self, x):
            return self.sums(x) * self.scale + self.bias

    network = Network()
    inputs = torch.from_numpy(pixels).float() / 255
    targets = torch.where(torch.from_numpy(labels)[:, None] == torch.arange(10), 1.0, -1.0)
    steps = EPOCHS * len(inputs) // BATCH
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for epoch in range(EPOCHS):
        order = torch.from_numpy(np.random.default_rng([SEED, 4, epoch]).permutation(len(inputs)))
        total = 0.0
        for chosen in order.split(BATCH):
            # Squared hinge: a score above +1 for the digit, below -1 for the others.
            loss = torch.clamp(1 - targets[chosen] * network(inputs[chosen]), min=0).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            for latent in network.latent:
                latent.data.clamp_(-1, 1)
            total += loss.item() * len(chosen)
        print(f'epoch {epoch + 1:2d}/{EPOCHS}  loss {total / len(inputs):.4f}', flush=True)

    network.eval()
    layers = []
    for latent, norm in zip(network.latent, [*network.norms, None]):
        layer = {'weights': Sign.apply(latent)}
        if norm is not None:
            layer.update(scale=norm.weight, bias=norm.bias, mean=norm.running_mean, var=norm.running_var)
        layers.append({key: value.detach().numpy() for key, value in layer.items()})

    def torch_sums(images):
        with torch.no_grad():
            return network.sums(torch.from_numpy(images).float() / 255).numpy()

    return layers, (network.scale.detach().numpy(), network.bias.detach().numpy()), torch_sums


def thresholds(layer):
    """A batch norm and a sign as integers: the output is +1 where flip * sum >= threshold.

    The batch norm is zero at mean - bias * sqrt(var + epsilon) / scale; a negative scale turns it round.
    The zero must be well clear of every integer, so that float32 and exact arithmetic decide alike.
    """
    scale, bias, mean, var = (layer[key].astype(np.float64) for key in ('scale', 'bias', 'mean', 'var'))
    zero = mean - bias * np.sqrt(var + EPSILON) / scale
    assert np.abs(zero - np.rint(zero)).min() > 1e-4, 'a batch norm lies too near a tie: choose another seed'
    flip = np.where(scale > 0, 1, -1)
    return flip, np.ceil(flip * zero).astype(np.int64)


def integer_sums(layers, pixels):
    """The network on uint8 pixels [n, SIZE, SIZE], in integers only; int32 [n, 10]."""
    x = np.where(pixels.reshape(len(pixels), -1) >= 128, 1, -1)  # 2 * pixel / 255 - 1 >= 0
    for layer in layers[:-1]:
        flip, threshold = thresholds(layer)
        x = np.where(flip * (x @ layer['weights'].astype(np.int64).T) >= threshold, 1, -1)
    return (x @ layers[-1]['weights'].astype(np.int64).T).astype(np.int32)


def to_onnx(layers, scale, bias):
    """The trained network as an ONNX file with QONNX quantizers."""
    one = np.float32(1)
    constants = {'flat_shape': np.array([1, SIZE * SIZE]), 'two': 2 * one, 'one': one, 'unit_scale': one}
    nodes = []

    def add(name, op, inputs, **options):
        nodes.append(onnx_file.node(name, op, inputs, options.pop('output', name), **options))
        return name

    def quantize(name, source):
        return add(name, 'BipolarQuant', [source, 'unit_scale'], domain=onnx_file.QONNX)

    x = add('flatten', 'Reshape', ['image', 'flat_shape'])
    x = add('input_centre', 'Sub', [add('input_double', 'Mul', [x, 'two']), 'one'])
    x = quantize('input_sign', x)
    for name, layer in zip(LAYERS, layers):
        constants[f'{name}.weight'] = layer['weights']
        weights = quantize(f'{name}_weight_sign', f'{name}.weight')
        weights = add(f'{name}_weight_transpose', 'Transpose', [weights], perm=[1, 0])
        x = add(f'{name}_matmul', 'MatMul', [x, weights])
        if name != LAYERS[-1]:
            keys = ['scale', 'bias', 'mean', 'var']
            constants.update({f'{name}.bn.{key}': layer[key] for key in keys})
            inputs = [x, *(f'{name}.bn.{key}' for key in keys)]
            x = add(f'{name}_bn', 'BatchNormalization', inputs, epsilon=EPSILON)
            x = quantize(f'{name}_act', x)
    constants.update({'score.scale': scale, 'score.bias': bias})
    x = add('score_scale', 'Mul', [x, 'score.scale'])
    add('score_bias', 'Add', [x, 'score.bias'], output='scores')
    return onnx_file.model('digits', nodes, constants, ('image', [1, 1, SIZE, SIZE]), ('scores', [1, 10]))


def evaluate(data, image):
    """Runs the ONNX file node by node in float32 on one uint8 image; gives every tensor by name."""
    nodes, values, graph_input, _ = onnx_file.read(data)
    values[graph_input] = image.reshape(1, 1, SIZE, SIZE).astype(np.float32) / np.float32(255)
    for node in nodes:
        x, *rest = (values[name] for name in node['inputs'])
        if node['op'] == 'BatchNormalization':
            scale, bias, mean, var = rest
            epsilon = np.float32(node['attributes']['epsilon'])
            y = scale * (x - mean) / np.sqrt(var + epsilon) + bias
        else:
            y = {
                'Reshape': lambda: x.reshape(rest[0]),
                'Transpose': lambda: x.transpose(node['attributes']['perm']),
                'BipolarQuant': lambda: np.where(x >= 0, rest[0], -rest[0]),
                'MatMul': lambda: x @ rest[0],
                'Mul': lambda: x * rest[0],
                'Sub': lambda: x - rest[0],
                'Add': lambda: x + rest[0],
            }[node['op']]()
        assert y.dtype == np.float32, node['name']
        values[node['output']] = y
    return values


def check():
    """Reads the files back; the ONNX graph, the network in integers and the arrays must agree exactly."""
    data = (HERE / 'digits.onnx').read_bytes()
    _, constants, _, _ = onnx_file.read(data)
    layers = [{'weights': constants[f'{name}.weight']} for name in LAYERS]
    for name, layer in zip(LAYERS[:-1], layers):
        layer.update({key: constants[f'{name}.bn.{key}'] for key in ('scale', 'bias', 'mean', 'var')})
    dozen, tests = np.load(HERE / 'digits.npz'), np.load(HERE / 'test.npz')
    last_matmul = f'{LAYERS[-1]}_matmul'
    for pixels, labels, expected in (
        (dozen['pixels'], dozen['labels'], dozen['accumulators']),
        (tests['pixels'], tests['labels'], integer_sums(layers, tests['pixels'])),
    ):
        runs = [evaluate(data, image) for image in pixels]
        np.testing.assert_array_equal(np.concatenate([run[last_matmul] for run in runs]), expected)
        np.testing.assert_array_equal(integer_sums(layers, pixels), expected)
        scores = np.concatenate([run['scores'] for run in runs])
        assert (scores.argmax(1) == expected.argmax(1)).all(), 'the scores must rank as the sums do'
        right = int((scores.argmax(1) == labels).sum())
        print(f'{len(pixels)} digits: ONNX graph and integers equal, {right} right')


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument('--check', action='store_true', help='only read the written files back and compare')
    if options.parse_args().check:
        check()
        return
    layers, (scale, bias), torch_sums = train(*drawn(random_labels(TRAINED_ON, 1), 1))
    pixels, labels = drawn(random_labels(TESTED_ON, 2), 2)
    dozen_pixels, dozen = drawn(dozen_labels(), 3)
    assert scale > 0, 'the scores must rank as the sums do'
    for images in (pixels, dozen_pixels):
        np.testing.assert_array_equal(integer_sums(layers, images), torch_sums(images))
    (HERE / 'digits.onnx').write_bytes(to_onnx(layers, scale, bias))
    accumulators = integer_sums(layers, dozen_pixels)
    np.savez_compressed(HERE / 'digits.npz', pixels=dozen_pixels, labels=dozen, accumulators=accumulators)
    np.savez_compressed(HERE / 'test.npz', pixels=pixels[:KEPT_TESTS], labels=labels[:KEPT_TESTS])
    negative = [int((layer['scale'] < 0).sum()) for layer in layers[:-1]]
    right = int((integer_sums(layers, pixels).argmax(1) == labels).sum())
    print(f'negative batch-norm scales: {negative} of {WIDTHS[1:-1]}')
    print(f'held-out digits: {right} of {len(labels)} right ({100 * right / len(labels):.2f} %)')
    check()


if __name__ == '__main__':
    main()
