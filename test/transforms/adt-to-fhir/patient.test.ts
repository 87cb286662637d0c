import { taken, patientOf, message } from './read';

const names = (pid5: string, pid9 = '') => patientOf({ pid: { 5: pid5, 9: pid9 } })['name'];
const telecom = (pid: Readonly<Record<number, string>>) => patientOf({ pid })['telecom'];
const address = (pid11: string, pid12 = '') => patientOf({ pid: { 11: pid11, 12: pid12 } })['address'];

describe('names', () => {
  it('should have use, prefix, suffix and all given names', () => {
    expect(names('Muster^Maxi^Mara Mia^Jr^Prof. Dr.^MD^L^^^^^^^FRCP')).toEqual([
      {
        use: 'official',
        family: 'Muster',
        given: ['Maxi', 'Mara Mia'],
        prefix: ['Prof. Dr.'],
        suffix: ['Jr', 'MD', 'FRCP'],
      },
    ]);
  });

  it('should have the own prefix in the family name, and name parts as extensions', () => {
    const extension = [
      { url: 'http://hl7.org/fhir/StructureDefinition/humanname-own-prefix', valueString: 'van der' },
      { url: 'http://hl7.org/fhir/StructureDefinition/humanname-own-name', valueString: 'Berg' },
    ];

    expect(names('van der Berg&van der&Berg^Jo')).toEqual([
      { family: 'van der Berg', _family: { extension }, given: ['Jo'] },
    ]);
    expect(names('Berg&van der&Berg^Jo')).toEqual([{ family: 'van der Berg', _family: { extension }, given: ['Jo'] }]);
    expect(names('&van der&Berg^Jo')).toEqual([{ family: 'van der Berg', _family: { extension }, given: ['Jo'] }]);
  });

  it('should keep an `&` that is text', () => {
    expect(names('Brown & Sons^Anna & Maria')).toEqual([{ family: 'Brown & Sons', given: ['Anna & Maria'] }]);
    expect(names('A\\T\\B^C')).toEqual([{ family: 'A&B', given: ['C'] }]);
  });

  it('should have the current one first, old ones and aliases behind it', () => {
    expect(names('Alt^Maxi^^^^^BAD~Geb^Maxi^^^^^B~Muster^Maxi^^^^^D~Muster^Maximilian^^^^^L', 'Maxl^Maxi')).toEqual([
      { use: 'official', family: 'Muster', given: ['Maximilian'] },
      { use: 'usual', family: 'Muster', given: ['Maxi'] },
      { use: 'old', family: 'Alt', given: ['Maxi'] },
      { use: 'maiden', family: 'Geb', given: ['Maxi'] },
      { use: 'nickname', family: 'Maxl', given: ['Maxi'] },
    ]);
  });

  it('should leave out names that are incomplete, or of somebody else', () => {
    expect(names('Muster^Maxi~Geb^^^^^^M~Muster^Otto^^^^^P~""', '^Maxl')).toEqual([
      { family: 'Muster', given: ['Maxi'] },
    ]);
  });

  it('should have no line breaks, control characters or lone surrogates', () => {
    expect(names('Mus\\X07\\ter^ Ma\\.br\\xi \ud800')).toEqual([{ family: 'Mus ter', given: ['Ma xi \ufffd'] }]);
  });

  it('should leave out what is null', () => {
    expect(names('Muster^Maxi^""^""^Dr.')).toEqual([{ family: 'Muster', given: ['Maxi'], prefix: ['Dr.'] }]);
  });
});

describe('telecom', () => {
  it('should have numbers by table 0201 and 0202, else by their field', () => {
    expect(telecom({ 13: '1~2^PRN^CP~3^^FX~4^BPN~5^VHN^PH', 14: '6~7^PRS', 40: '8^WPN^SAT~9' })).toEqual([
      { system: 'phone', value: '1', use: 'home' },
      { system: 'phone', value: '2', use: 'mobile' },
      { system: 'fax', value: '3', use: 'home' },
      { system: 'pager', value: '4', use: 'home' },
      { system: 'phone', value: '5', use: 'temp' },
      { system: 'phone', value: '6', use: 'work' },
      { system: 'phone', value: '7', use: 'mobile' },
      { system: 'other', value: '8', use: 'work' },
      { system: 'phone', value: '9' },
    ]);
  });

  it('should have e-mail addresses wherever they stand', () => {
    expect(telecom({ 13: '^NET^Internet^a@x.example~b@x.example~^^^c@x.example~(1)2^PRN^PH^d@x.example' })).toEqual([
      { system: 'email', value: 'a@x.example', use: 'home' },
      { system: 'email', value: 'b@x.example', use: 'home' },
      { system: 'email', value: 'c@x.example', use: 'home' },
      { system: 'phone', value: '(1)2', use: 'home' },
      { system: 'email', value: 'd@x.example', use: 'home' },
    ]);
  });

  it('should leave out an e-mail address that is none', () => {
    expect(telecom({ 13: '^NET^Internet^none~^NET^Internet^unknown' })).toBeUndefined();
  });

  it('should put a number together of its parts', () => {
    expect(
      telecom({
        13: '^PRN^PH^^49^221^5550123~^PRN^PH^^+49^221^5550124^9~^PRN^PH^^^0221^5550125~x^PRN^PH^^^^^^^^^+4922155',
      }),
    ).toEqual([
      { system: 'phone', value: '+49 221 5550123', use: 'home' },
      { system: 'phone', value: '+49 221 5550124 X9', use: 'home' },
      { system: 'phone', value: '0221 5550125', use: 'home' },
      { system: 'phone', value: '+4922155', use: 'home' },
    ]);
  });

  it('should have each once', () => {
    expect(telecom({ 13: '1^PRN^PH', 40: '1^PRN^PH~1^^FX' })).toEqual([
      { system: 'phone', value: '1', use: 'home' },
      { system: 'fax', value: '1' },
    ]);
  });

  it('should not be there when all of it is deleted', () => {
    expect(telecom({ 13: '""', 14: '""^""' })).toBeUndefined();
  });
});

describe('addresses', () => {
  it('should have all parts', () => {
    expect(address('Street 1^c/o Muster^City^BY^12345^DEU^H^^Kreis')).toEqual([
      {
        use: 'home',
        line: ['Street 1', 'c/o Muster'],
        city: 'City',
        district: 'Kreis',
        state: 'BY',
        postalCode: '12345',
        country: 'DEU',
      },
    ]);
  });

  it('should read a street in parts, and an `&` that is text', () => {
    expect(address('Hauptstr. 5 a&Hauptstr.&5 a~&Hauptstr.&5~Mill & Main')).toEqual([
      { line: ['Hauptstr. 5 a'] },
      { line: ['Hauptstr. 5'] },
      { line: ['Mill & Main'] },
    ]);
  });

  it('should leave out places where nobody is found, and types alone', () => {
    expect(address('^^Bonn^^^^N~^^Bonn^^^^BDL~^^^^^^H~""~Box 1^^^^^^M')).toEqual([{ type: 'postal', line: ['Box 1'] }]);
  });

  it('should have the county of PID-12 only where it can be meant', () => {
    expect(address('^^City', 'Kreis')).toEqual([{ city: 'City', district: 'Kreis' }]);
    expect(address('^^City^^^^^^Other', 'Kreis')).toEqual([{ city: 'City', district: 'Other' }]);
    expect(address('^^One~^^Two', 'Kreis')).toEqual([{ city: 'One' }, { city: 'Two' }]);
  });
});

describe('the other elements', () => {
  it.each([
    ['F', 'female'],
    ['m', 'male'],
    ['O', 'other'],
    ['A', 'other'],
    ['N^not applicable^HL70001', 'other'],
    ['U', 'unknown'],
  ])('should read the sex %s as %s', (sex, gender) => {
    expect(patientOf({ pid: { 8: sex } })['gender']).toBe(gender);
  });

  it('should leave out a sex that is empty or deleted', () => {
    expect(patientOf({ pid: { 8: '""' } })).not.toHaveProperty('gender');
  });

  it.each([
    ['19840301', '1984-03-01'],
    ['198403', '1984-03'],
    ['1984', '1984'],
    ['198403011425', '1984-03-01'],
    ['19840229000000+0100', '1984-02-29'],
  ])('should read the birth date %s as %s', (written, birthDate) => {
    expect(patientOf({ pid: { 7: written } })['birthDate']).toBe(birthDate);
  });

  it('should read death as a time, or as a fact', () => {
    expect(patientOf({ pid: { 29: '202602281530', 30: 'Y' } })['deceasedDateTime']).toBe('2026-02-28T15:30:00+01:00');
    expect(patientOf({ pid: { 29: '20260228' } })['deceasedDateTime']).toBe('2026-02-28');
    expect(patientOf({ pid: { 30: 'Y' } })['deceasedBoolean']).toBe(true);
    expect(patientOf({ pid: { 30: 'N' } })['deceasedBoolean']).toBe(false);
    expect(patientOf({ pid: { 30: '""' } })).not.toHaveProperty('deceasedBoolean');
  });

  it('should read multiple births', () => {
    expect(patientOf({ pid: { 24: 'Y', 25: '2' } })['multipleBirthInteger']).toBe(2);
    expect(patientOf({ pid: { 24: 'Y', 25: 'x' } })['multipleBirthBoolean']).toBe(true);
    expect(patientOf({ pid: { 24: 'N' } })['multipleBirthBoolean']).toBe(false);
  });

  it('should read the marital status that STU3 has a code for', () => {
    expect(patientOf({ pid: { 16: 'A' } })['maritalStatus']).toEqual({
      coding: [{ system: 'http://hl7.org/fhir/v3/MaritalStatus', code: 'L', display: 'Legally Separated' }],
    });
    expect(patientOf({ pid: { 16: 'VH^verheiratet^L' } })).not.toHaveProperty('maritalStatus');
  });

  const coded = (code: string) => ({ coding: [{ system: 'urn:ietf:bcp:47', code }] });

  it.each([
    ['de', coded('de')],
    ['ENG', coded('en')],
    ['ger^Deutsch', { ...coded('de'), text: 'Deutsch' }],
    ['deu', coded('de')],
    ['de-at', coded('de-AT')],
    ['pt_BR', coded('pt-BR')],
    ['slv', coded('sl')],
  ])('should read the language %s', (written, language) => {
    expect(patientOf({ pid: { 15: written } })['communication']).toEqual([{ language }]);
  });

  it.each(['', '99', 'und', '""', 'xx', 'xyz', '0^Klingonisch'])('should leave out the language %j', (written) => {
    expect(patientOf({ pid: { 15: written } })).not.toHaveProperty('communication');
  });

  it('should have nothing of fields that are not read', () => {
    const plain = taken(message()).content;

    expect(
      taken(message({ pid: { 6: 'Mother^M', 10: 'R', 17: 'REL', 18: 'ACC', 19: 'SSN', 20: 'DL', 22: 'E', 26: 'C' } }))
        .content,
    ).toEqual(plain);
  });
});
