"""Ask about a measured electrocardiogram.

Run: `python examples/ecg_series.py [--model NAME] [--file FILE]`. Without a file it takes the 1,024
samples that PyWavelets ships, cut from a record of the MIT-BIH arrhythmia database (360 samples a
second). Files may be .npy, .csv, .wav or .flac.
"""

import argparse
from collections.abc import Sequence

import pywt
from tiny_checkpoint import answer, load

import intern_s1_model as im

QUESTION = "How many heart beats does the series show?"
ECG_SAMPLING_RATE = 360.0


def main(argv: Sequence[str] | None = None) -> str:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model")
    parser.add_argument("--file")
    parser.add_argument(
        "--sampling-rate", type=float, help="samples per second, if not in the file"
    )
    parser.add_argument("--max-new-tokens", type=int, default=16)
    arguments = parser.parse_args(argv)
    model, processor = load(arguments.model)
    part = {"type": "time_series", "sampling_rate": arguments.sampling_rate}
    if arguments.file:
        part["path"] = arguments.file
    else:
        ecg = pywt.data.ecg()
        part |= {"time_series": ecg, "sampling_rate": ECG_SAMPLING_RATE}
        tokens = im.num_time_series_tokens(len(ecg), ECG_SAMPLING_RATE)
        print(f"{len(ecg)} samples, {len(ecg) / ECG_SAMPLING_RATE:.1f} s, {tokens} tokens")
    reply = answer(
        model, processor, [part, {"type": "text", "text": QUESTION}], arguments.max_new_tokens
    )
    print(f"answer: {reply}")
    return reply


if __name__ == "__main__":
    main()
