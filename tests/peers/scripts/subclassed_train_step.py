"""Models with train_step and test_step of their own: an autoencoder, a critic whose gradient is held at length 1."""

import json

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers, metrics

rng = np.random.default_rng(0)
latent = rng.normal(size=(400, 3))
x = np.tanh(latent @ rng.normal(size=(3, 12))).astype("float32")


def start(model, seed):
    """Weights that do not depend on the library's random numbers."""
    starts = np.random.default_rng(seed)
    model.set_weights([starts.normal(0, 0.3, w.shape) for w in model.get_weights()])


class Autoencoder(keras.Model):
    def __init__(self, width=3, penalty=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.penalty = penalty
        self.encoder = keras.Sequential([layers.Dense(8, activation="tanh"), layers.Dense(width)], name="encoder")
        self.decoder = keras.Sequential([layers.Dense(8, activation="tanh"), layers.Dense(12)], name="decoder")
        self.total_loss_tracker = metrics.Mean(name="total_loss")
        self.reconstruction_loss_tracker = metrics.Mean(name="reconstruction_loss")
        self.code_loss_tracker = metrics.Mean(name="code_loss")

    @property
    def metrics(self):
        return [self.total_loss_tracker, self.reconstruction_loss_tracker, self.code_loss_tracker]

    def call(self, inputs):
        return self.decoder(self.encoder(inputs))

    def losses_of(self, data):
        code = self.encoder(data)
        reconstruction = tf.reduce_mean(tf.reduce_sum(tf.square(data - self.decoder(code)), axis=1))
        size = self.penalty * tf.reduce_mean(tf.reduce_sum(tf.abs(code), axis=1))
        return reconstruction + size, reconstruction, size

    def track(self, total, reconstruction, size):
        self.total_loss_tracker.update_state(total)
        self.reconstruction_loss_tracker.update_state(reconstruction)
        self.code_loss_tracker.update_state(size)
        return {m.name: m.result() for m in self.metrics}

    def train_step(self, data):
        with tf.GradientTape() as tape:
            found = self.losses_of(data)
        grads = tape.gradient(found[0], self.trainable_weights)
        self.optimizer.apply_gradients(zip(grads, self.trainable_weights))
        return self.track(*found)

    def test_step(self, data):
        return self.track(*self.losses_of(data))


autoencoder = Autoencoder()
autoencoder(x[:1])
start(autoencoder, 1)
autoencoder.summary()
autoencoder.compile(optimizer=keras.optimizers.Adam(0.003))
coded = autoencoder.fit(x[:350], epochs=5, batch_size=50, shuffle=False, verbose=2)
held_back = autoencoder.evaluate(x[350:], verbose=0, return_dict=True)
codes = autoencoder.encoder.predict(x[350:354], verbose=0)


class Classifier(keras.Model):
    """Keras's own way: compute_loss, compiled metrics, sample weights."""

    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(16, activation="relu")
        self.norm = layers.LayerNormalization()
        self.last = layers.Dense(1, activation="sigmoid")

    def call(self, inputs, training=False):
        return self.last(self.norm(self.hidden(inputs), training=training))

    def train_step(self, data):
        inputs, targets, weights = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            predicted = self(inputs, training=True)
            loss = self.compute_loss(x=inputs, y=targets, y_pred=predicted, sample_weight=weights)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(targets, predicted, sample_weight=weights)
        return {m.name: m.result() for m in self.metrics}


y = (latent[:, 0] * latent[:, 1] > 0).astype("float32")[:, None]
weights = rng.uniform(0.5, 1.5, 400).astype("float32")
classifier = Classifier()
classifier(x[:1])
start(classifier, 2)
classifier.compile(
    optimizer=keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    loss="binary_crossentropy",
    weighted_metrics=[keras.metrics.BinaryAccuracy(name="accuracy"), keras.metrics.AUC(name="auc")],
)
fitted = classifier.fit(
    x[:300],
    y[:300],
    sample_weight=weights[:300],
    epochs=4,
    batch_size=32,
    shuffle=False,
    verbose=0,
    validation_data=(x[300:], y[300:], weights[300:]),
)


class Critic(keras.Model):
    """Tells data from noise; the gradient at points between them is to have length 1."""

    def __init__(self, weight=10.0):
        super().__init__()
        self.weight = weight
        self.net = keras.Sequential([keras.Input((12,)), layers.Dense(16, activation="tanh"), layers.Dense(1)])
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.slope_tracker = keras.metrics.Mean(name="slope")

    @property
    def metrics(self):
        return [self.loss_tracker, self.slope_tracker]

    def call(self, inputs):
        return self.net(inputs)

    def gradient_penalty(self, real, fake):
        between = 0.5 * (real + fake)
        with tf.GradientTape() as tape:
            tape.watch(between)
            score = self(between, training=True)
        slope = tf.norm(tape.gradient(score, between), axis=1)
        return tf.reduce_mean((slope - 1.0) ** 2), tf.reduce_mean(slope)

    def train_step(self, data):
        real, fake = data
        with tf.GradientTape() as tape:
            score = tf.reduce_mean(self(fake, training=True)) - tf.reduce_mean(self(real, training=True))
            penalty, slope = self.gradient_penalty(real, fake)
            loss = score + self.weight * penalty
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights))
        self.loss_tracker.update_state(loss)
        self.slope_tracker.update_state(slope)
        return {"loss": self.loss_tracker.result(), "slope": self.slope_tracker.result()}


noise = rng.normal(size=x.shape).astype("float32")
critic = Critic()
start(critic, 3)
critic.compile(optimizer=keras.optimizers.RMSprop(0.001))
judged = critic.fit(tf.data.Dataset.from_tensor_slices((x, noise)).batch(40), epochs=4, verbose=0)

print(
    json.dumps(
        {
            "autoencoder": coded.history,
            "held_back": held_back,
            "classifier": fitted.history,
            "critic": judged.history,
            "predictions": [
                codes.tolist(),
                autoencoder.predict(x[:3], verbose=0).tolist(),
                classifier.predict(x[:5], verbose=0).tolist(),
                critic(x[:5]).numpy().tolist(),
            ],
        }
    )
)
