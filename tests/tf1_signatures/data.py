"""Signatures of TensorFlow 1.15: `tf.data`."""

from __future__ import annotations

STRUCTURE = "output_types, output_shapes=None"

SIGNATURES = {
    "data.Dataset.apply": "transformation_func",
    "data.Dataset.as_numpy_iterator": "",  # of 2.1
    "data.Dataset.batch": "batch_size, drop_remainder=False",
    "data.Dataset.cache": "filename=''",
    "data.Dataset.concatenate": "dataset",
    "data.Dataset.enumerate": "start=0",
    "data.Dataset.filter": "predicate",
    "data.Dataset.flat_map": "map_func",
    "data.Dataset.from_generator": f"generator, {STRUCTURE}, args=None",
    "data.Dataset.from_tensor_slices": "tensors",
    "data.Dataset.from_tensors": "tensors",
    "data.Dataset.interleave": "map_func, cycle_length=-1, block_length=1, num_parallel_calls=None",
    "data.Dataset.list_files": "file_pattern, shuffle=None, seed=None",
    "data.Dataset.make_initializable_iterator": "shared_name=None",
    "data.Dataset.make_one_shot_iterator": "",
    "data.Dataset.map": "map_func, num_parallel_calls=None",
    "data.Dataset.options": "",
    "data.Dataset.padded_batch": "batch_size, padded_shapes, padding_values=None, "
    "drop_remainder=False",
    "data.Dataset.prefetch": "buffer_size",
    "data.Dataset.range": "*args",
    "data.Dataset.reduce": "initial_state, reduce_func",
    "data.Dataset.repeat": "count=None",
    "data.Dataset.shard": "num_shards, index",
    "data.Dataset.shuffle": "buffer_size, seed=None, reshuffle_each_iteration=None",
    "data.Dataset.skip": "count",
    "data.Dataset.take": "count",
    "data.Dataset.unbatch": "",
    "data.Dataset.window": "size, shift=None, stride=1, drop_remainder=False",
    "data.Dataset.with_options": "options",
    "data.Dataset.zip": "datasets",
    "data.FixedLengthRecordDataset": "filenames, record_bytes, header_bytes=None, "
    "footer_bytes=None, buffer_size=None, compression_type=None, num_parallel_reads=None",
    "data.Iterator.from_string_handle": f"string_handle, {STRUCTURE}, output_classes=None",
    "data.Iterator.from_structure": f"{STRUCTURE}, shared_name=None, output_classes=None",
    "data.Iterator.get_next": "name=None",
    "data.Iterator.make_initializer": "dataset, name=None",
    "data.Iterator.string_handle": "name=None",
    "data.Options": "",
    "data.TextLineDataset": "filenames, compression_type=None, buffer_size=None, "
    "num_parallel_reads=None",
    "data.experimental.map_and_batch": "map_func, batch_size, num_parallel_batches=None, "
    "drop_remainder=False, num_parallel_calls=None",
    "data.experimental.shuffle_and_repeat": "buffer_size, count=None, seed=None",
    "data.experimental.unbatch": "",
    "data.get_output_classes": "dataset_or_iterator",
    "data.get_output_shapes": "dataset_or_iterator",
    "data.get_output_types": "dataset_or_iterator",
    "data.make_initializable_iterator": "dataset, shared_name=None",
    "data.make_one_shot_iterator": "dataset",
}
