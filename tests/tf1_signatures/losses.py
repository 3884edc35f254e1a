"""Signatures of TensorFlow 1.15: `tf.losses` and `tf.metrics`."""

from __future__ import annotations

END = "scope=None, loss_collection='losses', reduction='weighted_sum_by_nonzero_weights'"
PAIR = f"labels, predictions, weights=1.0, {END}"
COLLECTIONS = "metrics_collections=None, updates_collections=None, name=None"
DECISION = f"labels, predictions, weights=None, {COLLECTIONS}"

SIGNATURES = {
    "losses.absolute_difference": PAIR,
    "losses.add_loss": "loss, loss_collection='losses'",
    "losses.compute_weighted_loss": f"losses, weights=1.0, {END}",
    "losses.cosine_distance": f"labels, predictions, axis=None, weights=1.0, {END}, dim=None",
    "losses.get_losses": "scope=None, loss_collection='losses'",
    "losses.get_regularization_loss": "scope=None, name='total_regularization_loss'",
    "losses.get_regularization_losses": "scope=None",
    "losses.get_total_loss": "add_regularization_losses=True, name='total_loss', scope=None",
    "losses.hinge_loss": f"labels, logits, weights=1.0, {END}",
    "losses.huber_loss": f"labels, predictions, weights=1.0, delta=1.0, {END}",
    "losses.log_loss": f"labels, predictions, weights=1.0, epsilon=1e-07, {END}",
    "losses.mean_pairwise_squared_error": "labels, predictions, weights=1.0, scope=None, "
    "loss_collection='losses'",
    "losses.mean_squared_error": PAIR,
    "losses.sigmoid_cross_entropy": "multi_class_labels, logits, weights=1.0, label_smoothing=0, "
    + END,
    "losses.softmax_cross_entropy": f"onehot_labels, logits, weights=1.0, label_smoothing=0, {END}",
    "losses.sparse_softmax_cross_entropy": f"labels, logits, weights=1.0, {END}",
    # tf.metrics
    **{
        f"metrics.{name}": DECISION
        for name in (
            "accuracy", "false_negatives", "false_positives", "mean_absolute_error",
            "mean_squared_error", "precision", "recall", "root_mean_squared_error",
            "true_negatives", "true_positives",
        )
    },
    "metrics.auc": "labels, predictions, weights=None, num_thresholds=200, "
    "metrics_collections=None, updates_collections=None, curve='ROC', name=None, "
    "summation_method='trapezoidal', thresholds=None",
    "metrics.mean": f"values, weights=None, {COLLECTIONS}",
    "metrics.mean_iou": f"labels, predictions, num_classes, weights=None, {COLLECTIONS}",
    "metrics.mean_relative_error": f"labels, predictions, normalizer, weights=None, {COLLECTIONS}",
    "metrics.mean_tensor": f"values, weights=None, {COLLECTIONS}",
    "metrics.percentage_below": f"values, threshold, weights=None, {COLLECTIONS}",
}  # fmt: skip
