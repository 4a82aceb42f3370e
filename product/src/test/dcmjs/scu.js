'use strict';

// Speaks with a node of this machine out of the classes of dcmjs-dimse, and says what came as lines of JSON:
//
//     node scu.js PORT TITLE echo
//     node scu.js PORT TITLE store FILE...
//     node scu.js PORT TITLE find STUDY
//     node scu.js PORT TITLE get STUDY FOLDER
//     node scu.js PORT TITLE move STUDY TO

const fs = require('fs');
const path = require('path');

// What the libraries say of each element names patients and fills the output.
for (const each of ['log', 'info', 'warn', 'error', 'debug']) {
  console[each] = () => {};
}

const { Client, constants, requests, responses } = require('dcmjs-dimse');
const { Status } = constants;
const { CEchoRequest, CFindRequest, CGetRequest, CMoveRequest, CStoreRequest } = requests;
const { CStoreResponse } = responses;

const [port, title, what, ...rest] = process.argv.slice(2);

function say(line) {
  fs.writeSync(1, `${JSON.stringify(line)}\n`);
}

function request() {
  switch (what) {
    case 'echo':
      return new CEchoRequest();
    case 'find':
      return CFindRequest.createImageFindRequest({
        StudyInstanceUID: rest[0],
        SeriesInstanceUID: '',
        SOPInstanceUID: '',
      });
    case 'get':
      return CGetRequest.createStudyGetRequest(rest[0]);
    case 'move':
      return CMoveRequest.createStudyMoveRequest(rest[1], rest[0]);
    default:
      throw new Error(`there is no ${what}`);
  }
}

let giveUp = say;

// One association for each request: what one of them cannot do leaves the others alone.
function run(make) {
  return new Promise((resolve) => {
    const client = new Client();
    const end = (line) => {
      if (line !== undefined) {
        say(line);
      }
      giveUp = say;
      resolve();
    };
    // A server that speaks with one at a time waits for this one else.
    giveUp = (line) => {
      client.abort();
      end(line);
    };
    try {
      const one = make();
      one.on('response', (response) => {
        const sop = response.hasDataset() ? response.getDataset().getElements().SOPInstanceUID : undefined;
        say({ status: response.getStatus(), sop });
      });
      client.on('cStoreRequest', (store, callback) => {
        const response = CStoreResponse.fromRequest(store);
        const dataset = store.getDataset();
        dataset.toFile(path.join(rest[1], `${dataset.getElements().SOPInstanceUID}.dcm`));
        response.setStatus(Status.Success);
        callback(response);
      });
      client.on('networkError', (e) => end({ error: String(e.message) }));
      client.on('associationRejected', () => end({ error: 'rejected' }));
      client.on('closed', () => end());
      client.addRequest(one);
      client.send('127.0.0.1', Number(port), 'DCMJS', title, { associationTimeout: 5000, pduTimeout: 5000 });
    } catch (e) {
      end({ error: String(e.message) });
    }
  });
}

async function all() {
  if (what === 'store') {
    for (const file of rest) {
      await run(() => new CStoreRequest(file));
    }
  } else {
    await run(request);
  }
}

process.on('uncaughtException', (e) => giveUp({ error: `uncaught ${e.message}` }));
all().then(() => process.exit(0));
