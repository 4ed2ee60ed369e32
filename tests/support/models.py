"""A random sentence-transformers model, small enough to make in a test."""

from __future__ import annotations

from pathlib import Path

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "query", "passage", ":", "hello", "world"]


def save_tiny_model(folder: Path, dtype: str = "float32") -> Path:
    """A random one-layer model of 32 dimensions with a prompt for queries and one for documents."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    bert = folder / "bert"
    BertModel(config).to(getattr(torch, dtype)).save_pretrained(bert)
    BertTokenizer(vocab={word: number for number, word in enumerate(VOCABULARY)}).save_pretrained(bert)
    model = SentenceTransformer(
        modules=[Transformer(str(bert), max_seq_length=32), Pooling(32)],
        prompts={"query": "query: ", "document": "passage: "},
        device="cpu",
    )
    model.save(str(folder / "model"), create_model_card=False)
    return folder / "model"
