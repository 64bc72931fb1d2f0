"use strict";
// Which texts of a sentence are shown, and in which order sentences stand: as in the files.

const SPOKEN = "spoken";
const NAMES = new Intl.DisplayNames(["en"], { type: "language" });

function languageName(tag) {
  try {
    return NAMES.of(tag.replaceAll("_", "-"));
  } catch {
    return tag;
  }
}

const before = (one, other) => one.start_ms - other.start_ms || one.end_ms - other.end_ms
  || (one.key < other.key ? -1 : Number(one.key > other.key));

const fold = (tag) => tag.toLowerCase().replaceAll("_", "-");
const mainPart = (tag) => fold(tag).split("-")[0];

/** Which of these languages a tag means: the very same, or else one of another region. */
function findLanguage(known, tag) {
  return known.find((each) => fold(each) === fold(tag)) || known.find((each) => mainPart(each) === mainPart(tag));
}

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
  const count = known.size;
  if (sentence.language) known.add(sentence.language);
  Object.keys(sentence.translations).forEach((tag) => known.add(tag));
  return known.size > count;
}
