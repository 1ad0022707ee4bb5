"""Run by `test_vllm_engine.py` in an environment with vLLM: one real engine, greedy, on the CPU.

`python vllm_engine.py FOLDER REQUESTS ANSWERS`: FOLDER is an exported checkpoint, REQUESTS a JSON
list of `{"prompt": text, "image": file or null}`. ANSWERS receives prompt and answer ids of each,
vLLM's version, and how a chat with a time series was refused.

The engine has nothing but vLLM's plugin mechanism to learn about this package by.
"""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    import torch
    import vllm
    from PIL import Image

    folder, requests, answers = sys.argv[1:]
    engine = vllm.LLM(
        model=folder,
        dtype="float32",
        enforce_eager=True,
        max_model_len=512,
        max_num_batched_tokens=512,
        max_num_seqs=4,
        limit_mm_per_prompt={"image": 1, "video": 0},
        disable_log_stats=True,
    )
    greedy = vllm.SamplingParams(
        spaces_between_special_tokens=False,
        temperature=0,
        max_tokens=8,
        ignore_eos=True,
        logprobs=0,
    )
    prompts = []
    for request in json.loads(Path(requests).read_text()):
        prompt = {"prompt": request["prompt"]}
        if request["image"]:
            prompt["multi_modal_data"] = {"image": Image.open(request["image"])}
        prompts.append(prompt)
    outputs = []
    for output in engine.generate(prompts, greedy):
        [best] = output.outputs
        outputs.append(
            {
                "prompt_ids": list(output.prompt_token_ids),
                "ids": list(best.token_ids),
                "logprobs": [
                    step[index].logprob
                    for step, index in zip(best.logprobs, best.token_ids, strict=True)
                ],
                "text": best.text,
            }
        )
    refusal = ""
    try:
        engine.chat([{"role": "user", "content": [{"type": "time_series"}]}], greedy)
    except Exception as error:
        refusal = f"{type(error).__name__}: {error}"
    result = {
        "vllm": vllm.__version__,
        "torch": torch.__version__,
        "architectures": engine.llm_engine.model_config.architectures,
        "refusal": refusal[:500],
        "outputs": outputs,
    }
    Path(answers).write_text(json.dumps(result))
