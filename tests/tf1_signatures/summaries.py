"""Signatures of TensorFlow 1.15: `tf.summary`."""

from __future__ import annotations

JOINS = "collections=None, family=None"

SIGNATURES = {
    "summary.audio": f"name, tensor, sample_rate, max_outputs=3, {JOINS}",
    "summary.histogram": f"name, values, {JOINS}",
    "summary.image": f"name, tensor, max_outputs=3, {JOINS}",
    "summary.merge": "inputs, collections=None, name=None",
    "summary.merge_all": "key='summaries', scope=None, name=None",
    "summary.scalar": f"name, tensor, {JOINS}",
    "summary.tensor_summary": "name, tensor, summary_description=None, collections=None, "
    "summary_metadata=None, family=None, display_name=None",
    "summary.text": "name, tensor, collections=None",
    "summary.FileWriter": "logdir, graph=None, max_queue=10, flush_secs=120, graph_def=None, "
    "filename_suffix=None, session=None",
    "summary.FileWriter.add_event": "event",
    "summary.FileWriter.add_graph": "graph, global_step=None, graph_def=None",
    "summary.FileWriter.add_run_metadata": "run_metadata, tag, global_step=None",
    "summary.FileWriter.add_session_log": "session_log, global_step=None",
    "summary.FileWriter.add_summary": "summary, global_step=None",
    "summary.FileWriter.close": "",
    "summary.FileWriter.flush": "",
    "summary.FileWriter.get_logdir": "",
    "summary.FileWriter.reopen": "",
    "summary.FileWriterCache": "",
    "summary.FileWriterCache.clear": "",
    "summary.FileWriterCache.get": "logdir",
    "train.SummarySaverHook": "save_steps=None, save_secs=None, output_dir=None, "
    "summary_writer=None, scaffold=None, summary_op=None",
}
