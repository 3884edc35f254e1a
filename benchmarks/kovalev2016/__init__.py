"""Kovalev, Kalinovsky and Kovalev's comparison of 2016, with one protocol for everybody.

"Deep Learning with Theano, Torch, Caffe, TensorFlow, and Deeplearning4J: Which One is the Best in
Speed and Accuracy?", PRIP 2016, Minsk, pp. 99-103. Their sixteen fully connected networks on MNIST:
one to four hidden layers of 100 units, or one of 64 to 1024, tanh or ReLU; batches of 128.

    python -m benchmarks.kovalev2016 --seeds 5 --epochs 10

What differs from the published scripts, so that only the framework does: everybody trains on the
same images with the same optimizer (the one of the published Keras script: Nesterov's momentum 0.9
and rate 0.01) and Glorot's initial weights, and each repetition starts from new ones.
"""
