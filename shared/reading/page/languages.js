"use strict";
// Which texts of a sentence are shown: as the files choose them.

const SPOKEN = "spoken";

const fold = (tag) => tag.toLowerCase().replaceAll("_", "-");
const mainPart = (tag) => fold(tag).split("-")[0];

function textIn(sentence, language) {
  if (language === SPOKEN) return { text: sentence.text, language: sentence.language };
  const known = Object.entries(sentence.translations);
  if (sentence.language) known.unshift([sentence.language, sentence.text]);
  const found = known.find(([tag, text]) => text && fold(tag) === fold(language))
    || known.find(([tag, text]) => text && mainPart(tag) === mainPart(language));
  return found ? { text: found[1], language: found[0] } : { text: "", language: "" };
}

/** One or two texts, never the same twice; `missing` says that none is in the language asked for. */
function textsOf(sentence, languages) {
  const texts = [];
  for (const language of languages) {
    const found = textIn(sentence, language);
    if (found.text && !texts.some((other) => other.text === found.text)) texts.push(found);
  }
  if (texts.length) return texts;
  const [tag, text] = Object.entries(sentence.translations)[0] || ["", ""];
  if (sentence.text) return [{ text: sentence.text, language: sentence.language, missing: true }];
  return [{ text, language: tag, missing: true }];
}

/** Every language in which something is there to be read, translations first seen first. */
function noteLanguages(known, sentence) {
  const before = known.size;
  if (sentence.language) known.add(sentence.language);
  Object.keys(sentence.translations).forEach((tag) => known.add(tag));
  return known.size > before;
}
