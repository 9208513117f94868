/** @file What PaddleSeg's data set classes say of themselves (NUM_CLASSES, IGNORE_INDEX, IMG_CHANNELS in paddleseg/datasets). */

export interface DatasetClass {
  readonly numClasses: number;
  readonly ignoreIndex: number;
  readonly imgChannels: number;
}

/** All of them read three channels, and all but PSSLDataset ignore 255. */
function rgb(numClasses: number, ignoreIndex = 255): DatasetClass {
  return { numClasses, ignoreIndex, imgChannels: 3 };
}

/** By class name; the number is NUM_CLASSES in the file named beside it. */
export const datasetClasses: ReadonlyMap<string, DatasetClass> = new Map([
  ["ADE20K", rgb(150)], // ade.py
  ["CHASEDB1", rgb(2)], // chase_db1.py
  ["Cityscapes", rgb(19)], // cityscapes.py
  ["CocoStuff", rgb(171)], // cocostuff.py
  ["DRIVE", rgb(2)], // drive.py
  ["EG1800", rgb(2)], // eg1800.py
  ["HRF", rgb(2)], // hrf.py
  ["MiniDeepGlobeRoadExtraction", rgb(2)], // mini_deep_globe_road_extraction.py
  ["OpticDiscSeg", rgb(2)], // optic_disc_seg.py
  ["PascalContext", rgb(60)], // pascal_context.py
  ["PPHumanSeg14K", rgb(2)], // pp_humanseg14k.py
  ["PSSLDataset", rgb(1001, 1001)], // pssl.py: 1000 classes and the background
  ["STARE", rgb(2)], // stare.py
  ["SUPERVISELY", rgb(2)], // supervisely.py
  ["PascalVOC", rgb(21)], // voc.py
]);
