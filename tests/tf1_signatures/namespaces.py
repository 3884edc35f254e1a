"""Signatures of TensorFlow 1.15: namespaces of names that are others under a second address."""

from __future__ import annotations

from . import checks, convolutions, flow, graphs, nn, operations, wrappers

_KNOWN = {
    path: arguments
    for module in (checks, convolutions, flow, graphs, nn, operations, wrappers)
    for path, arguments in module.SIGNATURES.items()
}

# Name -> path of the same function; names that are equal stand in a text.
_SAME = {
    "math": """
        abs accumulate_n acos acosh add add_n argmax argmin asin asinh atan atan2 atanh
        bincount ceil confusion_matrix cos cosh count_nonzero cumprod cumsum digamma
        divide equal erf erfc exp expm1 floor floordiv floormod greater greater_equal
        invert_permutation is_finite is_inf is_nan is_non_decreasing
        is_strictly_increasing less less_equal lgamma log log1p log_sigmoid logical_and
        logical_not logical_or logical_xor maximum minimum mod multiply negative not_equal
        polygamma pow reciprocal reduce_all reduce_any reduce_logsumexp reduce_max
        reduce_mean reduce_min reduce_prod reduce_sum rint round rsqrt scalar_mul
        segment_max segment_mean segment_min segment_prod segment_sum sigmoid sign sin
        sinh sqrt square squared_difference subtract tan tanh truediv unsorted_segment_max
        unsorted_segment_mean unsorted_segment_min unsorted_segment_prod
        unsorted_segment_sqrt_n unsorted_segment_sum
    """,
    "linalg": """
        cholesky cholesky_solve cross einsum eye global_norm matmul matrix_transpose norm
        qr svd tensordot trace transpose
    """,
    "strings": """
        as_string regex_replace substr
    """,
    "debugging": """
        Assert assert_equal assert_greater assert_greater_equal assert_integer assert_less
        assert_less_equal assert_near assert_negative assert_non_negative
        assert_non_positive assert_none_equal assert_positive assert_proper_iterable
        assert_rank assert_rank_at_least assert_rank_in assert_same_float_dtype
        assert_scalar assert_type check_numerics is_finite is_inf is_nan is_non_decreasing
        is_numeric_tensor is_strictly_increasing
    """,
    "io": """
        decode_base64 decode_raw encode_base64 read_file write_file
    """,
    "manip": """
        batch_to_space_nd gather_nd reshape reverse roll scatter_nd space_to_batch_nd tile
    """,
    "random": """
        get_seed multinomial set_random_seed truncated_normal
    """,
}
_OTHERS = {
    "math": {
        "divide_no_nan": "div_no_nan",
        "in_top_k": "nn.in_top_k",
        "l2_normalize": "nn.l2_normalize",
        "log_softmax": "nn.log_softmax",
        "softmax": "nn.softmax",
        "softplus": "nn.softplus",
        "softsign": "nn.softsign",
        "top_k": "nn.top_k",
        "zero_fraction": "nn.zero_fraction",
    },
    "linalg": {
        "band_part": "matrix_band_part",
        "det": "matrix_determinant",
        "diag": "matrix_diag",
        "diag_part": "matrix_diag_part",
        "eigh": "self_adjoint_eig",
        "eigvalsh": "self_adjoint_eigvals",
        "inv": "matrix_inverse",
        "l2_normalize": "nn.l2_normalize",
        "lstsq": "matrix_solve_ls",
        "set_diag": "matrix_set_diag",
        "solve": "matrix_solve",
        "tensor_diag": "diag",
        "tensor_diag_part": "diag_part",
        "triangular_solve": "matrix_triangular_solve",
    },
    "strings": {
        "join": "string_join",
        "strip": "string_strip",
        "to_hash_bucket_fast": "string_to_hash_bucket_fast",
        "to_number": "string_to_number",
    },
    "debugging": {
        "assert_all_finite": "verify_tensor_all_finite",
    },
    "random": {
        "gamma": "random_gamma",
        "learned_unigram_candidate_sampler": "nn.learned_unigram_candidate_sampler",
        "log_uniform_candidate_sampler": "nn.log_uniform_candidate_sampler",
        "normal": "random_normal",
        "poisson": "random_poisson",
        "shuffle": "random_shuffle",
        "uniform": "random_uniform",
        "uniform_candidate_sampler": "nn.uniform_candidate_sampler",
    },
}
ALIASES = {
    f"{space}.{name}": path
    for space, names in _SAME.items()
    for name, path in {**{n: n for n in names.split()}, **_OTHERS.get(space, {})}.items()
}

RESIZE = "images, size, align_corners=False, name=None"
METHOD = "images, size, method=0, align_corners=False, preserve_aspect_ratio=False, name=None"
BOX = "image, offset_height, offset_width, target_height, target_width"
PAIR = "x, y, name=None"
DRAWN = "true_classes, num_true, num_sampled, unique, range_max, seed=None, name=None"
OVER = "input_tensor, axis=None, keepdims=False, name=None"
RANGE = "image, lower, upper, seed=None"
SAMPLERS = ("learned_unigram", "log_uniform", "uniform")

SIGNATURES = {
    **{f"nn.{kind}_candidate_sampler": DRAWN for kind in SAMPLERS},
    **{f"random.{kind}_candidate_sampler": DRAWN for kind in SAMPLERS},
    **{name: _KNOWN[path] for name, path in ALIASES.items() if not path.endswith("_sampler")},
    **{f"bitwise.bitwise_{name}": PAIR for name in ("and", "or", "xor")},
    "bitwise.invert": "x, name=None",
    "bitwise.left_shift": PAIR,
    "bitwise.right_shift": PAIR,
    "linalg.adjoint": "matrix, name=None",
    "linalg.expm": "input, name=None",
    "linalg.logdet": "matrix, name=None",
    "linalg.matrix_rank": "a, tol=None, validate_args=False, name=None",
    "linalg.matvec": "a, b, transpose_a=False, adjoint_a=False, a_is_sparse=False, "
    "b_is_sparse=False, name=None",
    "linalg.pinv": "a, rcond=None, validate_args=False, name=None",
    "linalg.slogdet": "input, name=None",
    "math.cumulative_logsumexp": "x, axis=0, exclusive=False, reverse=False, name=None",
    "math.multiply_no_nan": PAIR,
    "math.polyval": "coeffs, x, name=None",
    "math.reciprocal_no_nan": "x, name=None",
    "math.reduce_euclidean_norm": OVER,
    "math.reduce_std": OVER,
    "math.reduce_variance": OVER,
    "math.xdivy": PAIR,
    "math.xlogy": PAIR,
    "random.categorical": "logits, num_samples, dtype=None, seed=None, name=None",
    "strings.length": "input, name=None, unit='BYTE'",
    "strings.lower": "input, encoding='', name=None",
    "strings.regex_full_match": "input, pattern, name=None",
    "strings.upper": "input, encoding='', name=None",
    "image.adjust_brightness": "image, delta",
    "image.adjust_contrast": "images, contrast_factor",
    "image.adjust_gamma": "image, gamma=1, gain=1",
    "image.adjust_hue": "image, delta, name=None",
    "image.adjust_saturation": "image, saturation_factor, name=None",
    "image.central_crop": "image, central_fraction",
    "image.convert_image_dtype": "image, dtype, saturate=False, name=None",
    "image.crop_and_resize": "image, boxes, box_ind=None, crop_size=None, method='bilinear', "
    "extrapolation_value=0, name=None, box_indices=None",
    "image.crop_to_bounding_box": BOX,
    "image.extract_image_patches": _KNOWN["extract_image_patches"],
    "image.flip_left_right": "image",
    "image.flip_up_down": "image",
    "image.grayscale_to_rgb": "images, name=None",
    "image.hsv_to_rgb": "images, name=None",
    "image.image_gradients": "image",
    "image.non_max_suppression": "boxes, scores, max_output_size, iou_threshold=0.5, "
    "score_threshold=-inf, name=None",
    "image.pad_to_bounding_box": BOX,
    "image.per_image_standardization": "image",
    "image.psnr": "a, b, max_val, name=None",
    "image.random_brightness": "image, max_delta, seed=None",
    "image.random_contrast": RANGE,
    "image.random_crop": "value, size, seed=None, name=None",
    "image.random_flip_left_right": "image, seed=None",
    "image.random_flip_up_down": "image, seed=None",
    "image.random_hue": "image, max_delta, seed=None",
    "image.random_saturation": RANGE,
    "image.resize": METHOD,
    "image.resize_area": RESIZE,
    "image.resize_image_with_crop_or_pad": "image, target_height, target_width",
    "image.resize_image_with_pad": "image, target_height, target_width, method=0, "
    "align_corners=False",
    "image.resize_images": METHOD,
    "image.resize_with_crop_or_pad": "image, target_height, target_width",
    **{
        f"image.resize_{kind}": f"{RESIZE}, half_pixel_centers=False"
        for kind in ("bicubic", "bilinear", "nearest_neighbor")
    },
    "image.rgb_to_grayscale": "images, name=None",
    "image.rgb_to_hsv": "images, name=None",
    "image.rot90": "image, k=1, name=None",
    "image.sobel_edges": "image",
    "image.ssim": "img1, img2, max_val, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03",
    "image.total_variation": "images, name=None",
    "image.transpose": "image",
    "image.transpose_image": "image",
}
