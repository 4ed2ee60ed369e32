"""Texts on which an exported model must agree with the original: short and long, prose, names, numbers, questions."""

from __future__ import annotations

PROBES = (
    "Who opened the new harbour bridge?",
    "The harbour bridge was opened on 4 May 1987 by the mayor, Ingrid Solheim.",
    "When was the harbour bridge opened?",
    "Traffic over the bridge reached 41,300 vehicles a day last year, up from 38,900.",
    "How many vehicles cross the bridge each day?",
    "The central bank raised its key rate by a quarter of a point to 3.75 per cent.",
    "Why did the central bank raise its rate?",
    "Inflation, which had stood above target for eighteen months, left the bank little choice, its governor said.",
    "Rain is expected in the north, with winds of up to 90 kilometres an hour along the coast.",
    "What will the weather be like in the north?",
    "A storm warning was issued for ships between the cape and the islands.",
    "The museum shows 240 paintings by artists of the seventeenth century, many of them never lent before.",
    "Which paintings does the museum show?",
    "Entry is free on the first Sunday of every month.",
    "She finished the marathon in two hours, nineteen minutes and six seconds.",
    "Who won the marathon?",
    "The runner from Kenya broke away at the thirty-fifth kilometre and was never caught again.",
    "“We have waited for this for a very long time,” the coach told reporters after the race.",
    "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.",
    "How do plants make sugar?",
    "Chlorophyll absorbs red and blue light and reflects green, which is why leaves look green to us.",
    "A cell's mitochondria release the energy that is stored in sugar.",
    "The committee will publish its report in June; a draft was leaked to two newspapers in March.",
    "Which newspapers got the draft of the report?",
    "Section 12 of the act forbids the sale of such devices to anybody under the age of eighteen.",
    "To reset the device, hold the power button for ten seconds until the light turns red.",
    "How do I reset the device?",
    "The warranty covers faults in material for 24 months from the day of purchase.",
    "naïve café façade — “quoted” – 3 × 4 = 12; e-mail: someone@example.org; 100 % of €1,000",
    "東京は日本の首都です。 Москва — столица России. القاهرة عاصمة مصر.",
    "OK",
    "The expedition left the village before dawn, crossed the glacier while the snow was still hard, rested for an "
    "hour at the foot of the north face, and then climbed, roped together in two parties of three, along the narrow "
    "ridge that earlier attempts had judged impassable; by noon they had reached the shoulder, where the wind "
    "forced them to wait, and only late in the afternoon, with the light already failing and one of the six "
    "suffering from frostbite, did the first two step onto the summit, plant a small flag, take three photographs, "
    "and turn back at once, knowing that the descent in darkness would be the most dangerous part of the whole "
    "undertaking, as indeed it proved to be.",
)
