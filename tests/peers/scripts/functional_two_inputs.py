"""Tickets: two texts and some facts in, a priority and a department out; a functional model with several ends."""

import json

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import Input, Model
from tensorflow.keras.layers import Activation, Add, Concatenate, Dense, Multiply
from tensorflow.keras.optimizers import SGD

WORDS, FACTS, DEPARTMENTS = 20, 5, 4
rng = np.random.default_rng(0)
n = 320
title = rng.integers(0, 2, (n, WORDS)).astype("float32")
body = rng.integers(0, 2, (n, WORDS)).astype("float32")
facts = rng.normal(size=(n, FACTS)).astype("float32")
urgency = (title + body) @ rng.normal(size=WORDS) + 2 * facts[:, 0] + rng.normal(0, 6, n)
priority = (urgency > 0).astype("float32")[:, None]
department = np.argmax(body @ rng.normal(size=(WORDS, DEPARTMENTS)) + facts[:, :DEPARTMENTS], axis=1)
department_onehot = keras.utils.to_categorical(department, DEPARTMENTS)


def build_model():
    title_input = Input(shape=(WORDS,), name="title")
    body_input = Input(shape=(WORDS,), name="body")
    facts_input = Input(shape=(FACTS,), name="facts")

    reader = Dense(12, activation="relu", name="reader")  # one layer reads both texts
    title_features = reader(title_input)
    body_features = reader(body_input)
    text = Add(name="text")([title_features, body_features])
    gate = Dense(12, activation="sigmoid", name="gate")(facts_input)
    gated = Multiply()([text, gate])
    x = Concatenate(name="all")([title_features, body_features, gated, facts_input])
    x = Dense(16, name="mixing")(x)
    x = Activation("relu")(x)
    shortcut = x
    x = Dense(16, activation="tanh")(x)
    x = x + 0.5 * shortcut
    priority_output = Dense(1, activation="sigmoid", name="priority")(x)
    department_output = Dense(DEPARTMENTS, name="department")(x)
    model = Model(
        inputs=[title_input, body_input, facts_input], outputs=[priority_output, department_output], name="tickets"
    )
    starts = np.random.default_rng(1)
    model.set_weights([starts.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model


model = build_model()
model.summary()
print(model.input_shape, model.output_shape, [layer.name for layer in model.layers][:3])

# Losses, factors, metrics and data by name.
model.compile(
    optimizer=SGD(learning_rate=0.03, momentum=0.9),
    loss={
        "priority": keras.losses.BinaryCrossentropy(),
        "department": keras.losses.CategoricalCrossentropy(from_logits=True),
    },
    loss_weights={"priority": 1.0, "department": 0.2},
    metrics={"priority": ["mae", keras.metrics.BinaryAccuracy(name="acc")], "department": ["accuracy"]},
)
inputs = {"title": title, "body": body, "facts": facts}
targets = {"priority": priority, "department": department_onehot}
cut = 256
by_name = model.fit(
    {key: value[:cut] for key, value in inputs.items()},
    {key: value[:cut] for key, value in targets.items()},
    validation_data=(
        {key: value[cut:] for key, value in inputs.items()},
        {key: value[cut:] for key, value in targets.items()},
    ),
    epochs=5,
    batch_size=32,
    shuffle=False,
    verbose=2,
)
print(sorted(by_name.history))
as_list = model.evaluate([title, body, facts], [priority, department_onehot], verbose=0)
as_dict = model.evaluate(inputs, targets, verbose=0, return_dict=True)
predicted = model.predict({key: value[:4] for key, value in inputs.items()}, verbose=0)

# The same by place, from a tf.data pipeline.
second = build_model()
second.compile(
    optimizer="rmsprop",
    loss=["binary_crossentropy", keras.losses.SparseCategoricalCrossentropy(from_logits=True)],
    loss_weights=[1.0, 0.5],
    metrics=[["accuracy"], ["accuracy"]],
)
pipeline = tf.data.Dataset.from_tensor_slices(((title, body, facts), (priority, department))).batch(40)
by_place = second.fit(pipeline, epochs=3, verbose=0)
batch_result = second.train_on_batch(
    [title[:32], body[:32], facts[:32]], [priority[:32], department[:32]], return_dict=True
)

# A model to parts of the first: what its shared layer reads from a text. And one with a dict of outputs.
reader_model = Model(inputs=model.inputs, outputs=model.get_layer("all").output)
features = reader_model.predict([title[:3], body[:3], facts[:3]], verbose=0)
named = Model(inputs=model.inputs, outputs={"p": model.outputs[0], "d": tf.keras.layers.Softmax()(model.outputs[1])})
named_predictions = named.predict([title[:3], body[:3], facts[:3]], verbose=0)

print(
    json.dumps(
        {
            "by_name": by_name.history,
            "by_place": by_place.history,
            "evaluated": as_list,
            "evaluated_dict": as_dict,
            "batch": {key: float(value) for key, value in batch_result.items()},
            "predictions": [p.tolist() for p in predicted],
            "features": features.tolist(),
            "named": {key: value.tolist() for key, value in named_predictions.items()},
        }
    )
)
