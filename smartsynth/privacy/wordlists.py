"""Small word lists that tell names and places from other words: enough for a vote over a column, not for one cell.

They come from general knowledge of common names and places; none was taken from a data set. Everything is lower case.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.replace("\n", "|").split("|")) - {""}


FIRST_NAMES = _words(
    """
    aarav aaron abdul abel abigail achim adam adela adele aditi aditya adrian adriana adriano agathe agnes agnieszka
    agnès ahmed aida aidan aiden aino aisha aitor ajay akash alan alba albert alberto albrecht alda aldo alejandra
    alejandro aleksander aleksandra alena alessandra alessandro alessia alex alexander alexandra alexandre alexia
    alexis alfonso alfred alfredo ali alice alicia alicja alina aline allison alois alok alonso alwin amal amalia
    amanda amandine amber amelia amina amir amira amit amitabh amy ana anand ananya anaïs anders andre andrea
    andreas andreia andres andrew andrzej andré andrés anette angel angela angelika angelo anil anita anja anjali
    anke anker ankit ankur ann anna anne anneke anneliese annemarie annette annika ansgar anthony antje antoine
    anton antonella antoni antonia antonio antonín anuj anuradha aparna april arjun armand armando arnaud arnav arne
    arno arthur arturo arun arvind asger asha ashley ashok astrid audrey august augusto aurora aurélie austin ava
    axel ayesha balthasar baptiste barbara bart bartosz bastian beata beate beatriz ben benedetta benedikt benjamin
    benoit benoît berit bernadette bernard bernardo bernd bernhard berta berthold bertram beth betty beverly bhavna
    bianca bianka birgit bjarne björn bob bobby bodo bogdan bohumil bonnie borja brad bradley bram brandon brandy
    brayden brenda brent brett brian brigitte britt brittany bruce bruna bruno bryan burkhard caio caitlin caleb
    cameron camila camilla camille carina carl carla carlo carlos carmen carol carolina caroline carolyn carrie
    carsten casey catarina caterina catherine cathy cecilia cedric cesar chad chantal charles charlotta charlotte
    chelsea chen cheryl chiara chloe chris christa christel christelle christer christian christina christine
    christoph christophe christopher cindy claire clara claude claudia claudine claudio clemens cláudia clément cody
    colin colleen concetta connor conny conrad corey cornelia cosimo courtney craig cristian cristiano cristina
    cristóbal crystal curtis cynthia cécile cédric césar dagmar dale damian damien dan dana daniel daniela daniele
    danielle danny danuta dario david davide dawn dean deborah debra deepa deepak deepika denise dennis derek detlef
    diana diane diego dieter dietmar dietrich dinesh diogo dirk divya dmitri dolores domenico dominic dominik
    dominique don donald donna dora doris dorota dorothea dorothy douglas dustin dylan débora earl eberhard eckhard
    eddie edeltraud edgar edith eduarda eduardo edvard edward egon eileen ela elaine eleanor elena eli eliana eliane
    elias elijah elin elisa elisabeth elizabeth eliška elke ella ellen ellie elsa else elvira elżbieta emanuel
    emanuele emil emilia emiliano emilie emilio emily emma enrico enrique enzo erhard eric erica erich erik erika
    erin erna ernest ernesto ernst estelle ester esther ethan etienne eugene eugenia eugenio eva evan evelyn ewa
    ewald fabian fabiana fabien fabio fabiola fabrice fabrizio falk farhan fatima federica federico felicia
    felicitas felipe felix ferdinand fernando ferran filip filipa filippo filomena flemming florence florent florian
    frances francesca francesco francis francisco franciszek franco francois frank frantisek františek franz
    françois françoise frauke fred frederic frederick frederik fredrik frida friedrich fritz frode frédéric gabriel
    gabriela gabriele gabriella gabrielle gaetano gail gary gaspar gaurav gavin gaëlle geert geeta genevieve
    geneviève geoffrey georg george georges georgina gerald gerard gerd gerhard gerlinde germaine gerrit gert
    gertrud gianluca gianni gilberto gilles gina giorgia giorgio giovanni girish gisela gitte giulia giulio giuseppe
    glenn gloria gonzalo gopal gordon gottfried grace graziella grażyna greg gregor gregorio gregory grete grzegorz
    guadalupe guido guilherme guillaume guillermo gunnar gunter gunther gustav gustavo gérard günter günther hakan
    halina halvor hanna hannah hanne hanneke hans hansjörg harald harish harold harry hartmut hassan hayley heather
    hedwig heidi heike heiko heiner heinrich heinz helen helena helene helga helge helmut henri henriette henrik
    henrique henry henryk herbert heribert hermann hermine hilda hilde hildegard hiroshi hjalmar holger holly horst
    howard hubert hugo håkan hélio hélène ian ibrahim ida ignacio ignazio igor ilaria ildefonso ilona ilse imke imma
    imran ines inga inge ingeborg inger ingmar ingo ingrid inès inés iolanda irena irene ireneusz irina irma irmgard
    isaac isabel isabella isabelle isha isidro ismael ivan ivana ivo iwona iñaki jacek jack jackie jackson jacob
    jacqueline jacques jadwiga jaime jake jakob jakub james jamie jan jana jane janet janice janina janne jannik
    janusz jared jaroslav jarosław jasmine jason javier javiera jay jaya jayden jean jeff jeffery jeffrey jelle
    jenna jennifer jenny jens jeppe jeremiah jeremy jeroen jerome jerry jerzy jesper jesse jessica jesus jette jill
    jim jimmy jing jiri jiří joachim joakim joan joana joann joanna joanne joao joaquim joaquin joaquín jochen joe
    joel johan johann johanna johannes john johnny jolanta jon jonas jonathan jordan jordi jorg jorge jose josef
    josefa josefina josep joseph joshua josip josé joséphine joy joyce jozef joão juan juana juanita judit judith
    judy julia julian juliana juliane julie julien juliette julio julita julius jun jurgen justin justyna jutta
    jérôme józef jörg jörn jürgen kacper kai kaitlyn kamal karan karel karen karin karina karl karla karlheinz karol
    karolina karoline karsten kartik kasper katarina katarzyna kate katelyn katharina katherine kathleen kathrin
    kathryn kathy kati katie katja katrin katrina kavita kavya kayla kaylee kazimierz keith kelly kelsey ken kendra
    kenji kenneth kerry kerstin kevin khadija kim kimberly kiran kirk kirsten kjell klaudia klaus knud konrad
    konstantin krista kristen kristin kristina kristine kristy krystyna krzysztof kunal kurt kyle laetitia lakshmi
    lalit landon lara larissa lars lasse lata laura lauren laurence laurent laurenz laurie laurin lawrence leah
    leandro lee leif leila lena lenka lennart leo leon leonard leonardo leonie leonor leopold leslie leszek letícia
    li liam lidia lieselotte lilian liliana lilli lilly lina linda lindsay lindsey linnea linus lisa lisbeth lise
    liselotte ljubica logan lorena lorenz lorenzo loreto lori lorraine lothar lotte louis louisa louise luca lucas
    lucia luciano lucie lucien lucienne lucy lucía ludek ludwig luigi luigia luis luisa luise luiz lukas luke lukáš
    lutz luís lydia lynn léa lívia macarena maciej maciek mackenzie maddalena madeleine madeline madhu madison mads
    magda magdalena magnus mahesh maike maja makayla malgorzata malin malte manfred manfredo manish manoel manoj
    manon manuel manuela mara marc marcel marcela marcelle marcelo marcia marcin marco marcos marcus mareike marek
    maren margaret margareta margarete margarida margaux margherita margit margot margret margrit maria mariana
    mariann marianne maribel marie marielle marija marika marilyn marina mario marion marissa mariusz marjan mark
    marko markus marlene marlies marta martha martin martina martine marvin mary mason matej mateo mateusz mathew
    mathias mathieu mathilde mathis matilde matteo matthew matthias matthieu matthijs matti matěj maureen maurice
    mauricio maurizio mauro max maxime maximilian maya małgorzata meena meera megan mei meike melanie melinda
    melissa melody mercedes meredith mette mia micaela michael michaela michal michał michel michele micheline
    michelle mieczysław miguel mikael mike mikkel mila milan milena miloš mindy miranda mireia mireille miriam mirja
    mirko miroslav mirosław misty mitchell mitja mohamed mohammed mohan molly monica monika monique montserrat
    morgan moritz morten muhammad mukesh nadia nadine nadja nancy nandini natacha natalia natalie natascha natasha
    nathalie nathan nathaniel naveen neha nele nerea nestor niccolò nicholas nicola nicolas nicole nicoletta niels
    nikhil niklas nikola nikolaus nils nina nino nira nisha nitin noah noel noemi nolan nora norbert norma norman
    noémie nuno nuria núria odette odile olaf olav ole oleg olga oliver olivia olívia omar ondřej onofre oriol
    orlando orsola oscar ottavia otto ove owen pablo paige palle pam pamela pankaj paola paolo pascal pascale
    patrice patricia patrick patrik patrizia patrycja patty paul paula paulina pauline paulo pavel paweł pedro peer
    peggy pekka penny per pernille peter petr petra philip phillip phyllis pia pierfrancesco piero pierre piet
    pieter pietro pilar piotr pooja pradeep prakash pranav prashant praveen preben preeti priscila priya pál pía
    přemysl rachel rafael rafaela rafał raffael raffaele raffaella ragnar rahul raimund rainer raj rajeev rajesh
    rajiv rakesh ralf ralph ramesh ramon ramona randall randy rani rashmi rasmus raul ravi ray raymond raúl rebecca
    regina regine reiner reinhard reinhold rekha remo renata renate renato renee rené reto ria ricarda ricardo
    riccardo richard rick ricky rikke rita robert roberta roberto robin robrecht rocco rocío rodney rodolfo rodrigo
    roger rogério rohan rohit roland rolf romain roman romane romeo romina romuald ron ronald ronnie rosa rosalia
    rosalie rosaria rosario rose roswitha roy ruben rudi rudolf rui russell ruth ryan ryszard rémi rémy rüdiger
    sabina sabine sabrina sachin sally salvador salvatore sam samantha samir samuel samuele sander sandra sandrine
    sandy sanjana sanjay sanna santiago santosh sara sarah sarita sascha saskia satish savannah scott sean sebastian
    sebastiano sebastián seema selma serena serge sergei sergio seth severin severino shalini shane shankar shannon
    sharon shaun shawn shawna sheila shelby shelly sheri sherri sherry shikha shilpa shirley shreya shweta sibylle
    siddharth siegfried siegrid sierra sigrid silke silvana silvia silvie silvio simon simona simone smita sneha
    sofia sofie sofía solange sonia sonja sonya sophia sophie spencer stacey stacy stanislav stanislaw stanisław
    stefan stefania stefanie stefano steffen stella sten stephanie stephen steve steven stig stijn stina stuart
    subhash sue summer sunil sunita suraj suresh susan susana susanna susanne suzanna suzanne suzette sven svend
    svetlana swati swen sydney sylvain sylvia sylvie sylwia szymon sébastien séverine sólveig sören søren sławomir
    tabitha tadeusz takashi tamar tamara tammy tanner tanvi tanya tara tasha tatiana taylor ted teodor teresa tereza
    terje terrance terri terry thea theo theodor theodore theresa thierno thierry thijs thilo thomas thomás thore
    thorsten théo thérèse tiago tiffany tilman tim timo timothy tina tobias todd toivo tom tomas tomaso tomasz
    tommaso tommy tomás tomáš toni tony tonya torben tore torsten toñi tracey traci tracie tracy traudl travis
    trevor tricia trine tristan trond troy tuomas tyler tânia ugo ulf ulla ulrich ulrika ulrike umberto ursula
    urszula uschi usha ute uwe vaclav valentin valentina valentine valentino valeria valerie valerio valérie vanessa
    varun vasco veera verena vernon veronica veronika veronique vibeke vicente vicki victor victoria vidar viggo
    vijay vikas vikram viktor viktoria vilma vincent vincenzo vinod violeta virginia virginie vitor vittoria
    vittorio vivek viviana viviane vivien vladimir vladimír volker volkmar václav véronique vít waldemar walter
    walther waltraud waltraut wanda wanja warren wayne wei wenche wendy werner wesley whitney wiebke wieland wiesław
    wilhelm willem willi william willibald willie willy wilma winfried wioletta wojciech wolfgang wolfram wouter
    władysław xaver xavier xenia ximena yan yann yannick yara yash yasmin yolanda yuki yusuf yvan yves yvette yvonne
    zachary zbigniew zdenka zdeněk zdzisław zita zoe zofia zoé zuzana zuzanna åke åsa élise émilie étienne øystein
    øyvind łukasz
    """
)

SURNAMES = _words(
    """
    abreu acharya adams agarwal aggarwal aguado aguilar aguirre ahluwalia ahuja albrecht alexander allen almeida
    alonso alvarez alves amaral amato anand anders andersen anderson andersson andrade andrews antunes apte araujo
    araújo armstrong arnaud arnold arora arroyo arya aubert austin axelsson azevedo bailey bajaj baker bakker
    balakrishnan banerjee banks bansal baptista barbe barbier barbieri barbosa barnes barros bartels basso basu
    batista batra bauer baumann baumgartner beck becker bedi bell bellini benard beneš bennett benítez berger
    bergmann bergström bernard bernardi berry berthelot bertrand besson bhalla bhandari bhardwaj bhargava bhasin
    bhat bhatia bhatt bhattacharya bianchi bishop bjørn black blanc blanchard blanco boersma bonnet borges bosch
    bose bosman boucher bouvier boyd bradley brandt braun brooks brouwer brown brun brunet bruno bryant burke burns
    burton busch butler böhm caballero cabrera calvo campbell caputo cardoso carlson carlsson carneiro caron
    carpenter carpentier carr carroll carter carvalho castelli castillo castro chakraborty chan chandler chandran
    chang chapman charpentier chatterjee chaudhary chaudhuri chauhan chavez chawla chen chevalier chopra choudhury
    christensen christiansen clark clarke clement coelho colas cole coleman colin collins colombo contreras cook
    cooper coppola correia cosme costa coste cox crawford cruz cunha cunningham dalal daniels datta davidson davis
    day dean dekker delgado denis desai deschamps deshpande dey dhar dhillon dias diaz diez dijk dijkstra dixit
    dixon domínguez douglas duarte dubey dubois dufour dumas dumont duncan dunn dupont dupuis duran durand dutt
    dutta dvořák díaz dąbrowski ebert eder edwards ekström elliott ellis engel eriksen eriksson esposito esteban
    estrada evans faber fabre faure favre ferguson fernandes fernandez fernández ferrara ferrari ferreira fields
    figueroa fink fiore fischer fisher fitzgerald fleming fletcher fleury flores fontaine ford foster fournier
    fowler fox frank franke franken franklin franz frazier freeman freitas friedrich fritz fuchs fuentes fuller
    gaillard gallego gallo gandhi ganguly garcia garcía gardner garg garnier garrett garza gaspar gatti gauthier
    gautier geiger george georges gerard gerritsen ghosh gibson gilbert gill giordano girard giraud goel gomes gomez
    goncalves gonzales gonzalez gonzález gonçalves goodman gopal gordon goswami goyal graf graham grant grasso
    graves gray greco green greene griffin gross grossi grover groß guerin guerra guerrero guidi guillot gulati
    gupta gustafsson gutierrez gutiérrez guzman guérin gómez göbel götz haan haas hahn hall hamilton hamon hansen
    hanson hansson harper harris harrison hart hartmann harvey hawkins hayes heijden hein heinrich heinz henderson
    hendriks henriksen henry hermann hermansen hernandez herrera herrero herrmann hicks hill hoekstra hoffman
    hoffmann hofmann holland holm holmes holt hopkins horák hougaard howard howell huber hubert hudson hughes
    huisman hunt hunter hájek höglund ibáñez iglesias ivanov iyengar iyer izquierdo jackson jacob jacobs jacobsen
    jacobsson jacquet jahn jain james jankowski jansen janssen jansson jenkins jennings jensen jeong jeppesen jha
    jimenez jiménez johannesen johannsen johansen johansson johnson johnston jones jong jonsson jordan joseph joshi
    jäger jørgensen kaczmarek kaiser kamath kapadia kapoor kapur karlsson kashyap kaur keller kelley kelly kennedy
    khan khanna khatri khurana kim king kjær klein knight knudsen koch kohli kolář konig koster kowalczyk kowalska
    kowalski kozłowska kozłowski kramer kraus krause krawczyk krishnamurthy krishnan kristensen kristiansen kroll
    kruse krämer krüger kuhn kuijpers kuiper kulkarni kumar kurz kučera kwiatkowska kwiatkowski köhler könig kühn
    lacroix lambert lane lange larsen larson larsson laurent lawrence lawson leal lebrun leclerc leclercq lecomte
    lee lefebvre lefevre lefèvre legrand lehmann leitão lejeune lemaire lemoine leonard leroux leroy lewandowska
    lewandowski lewis li lima lin lindberg lindholm lindström linke little liu lombardi long lopes lopez lorenz
    lorenzo loureiro lowe lozano lucas ludwig luna lund lundberg lundgren lundin luthra lutz lynch lópez maas macedo
    machado madsen magnusson mahajan maier maillard malhotra malik malý marchal marchand marchetti marek mariani
    marie marini marino marques marquez marshall martel martens martin martinez martini martins martí martínez marín
    mason mathieu matthews may mayer mazur mccarthy mccoy mcdonald mckinney medeiros medina mehra mehrotra mehta
    meier meijer mejia melo mendes mendez mendoza menon mercier meunier meyer meyers michalak michel miller millet
    mills mishra misra mitchell mittal moen mohan molina moller monteiro montero montes montgomery monti moore
    morales moreau moreira morel moreno morgan morin morris morrison mortensen moser moura mueller mukherjee mulder
    munk munoz murphy murray murthy muñoz myers márquez méndez möller møller müller naik nair nanda narayan nardi
    narula nascimento nath navarro nayak nelson neto neumann newman newton nguyen nichols nielsen nieto nikolaisen
    nilsson nogueira novak nowak nowakowski noël nunes nyström núñez obrien ojeda oliveira oliver olivier olsen
    olson olsson orlando ortega ortiz otto ottosen owens ozturk pacheco palmer palmieri pandey pandit pant parekh
    parikh park parker parra pascual patel pathak patil patterson paul paulsen pavlov payne peck pedersen pelletier
    pena pereira perez perkins perrin perrot perry peters petersen peterson petersson petit petrov pettersson
    pfeiffer pham philippe phillips picard pichon pierce pillai pinheiro pinto piotrowski pires pohl poirier pokorný
    pons porter postma poulsen powell prabhu prasad prat price prieto prins procházka puri pérez quinn qureshi
    raghavan rai rajan raju rama ramachandran raman ramanathan ramaswamy ramirez ramos ramírez rangan rao rasmussen
    rastogi rathore raval ray raymond rebelo reddy reed reid reis renard renaud reyes reynolds ribeiro ribera ricard
    ricci rice richard richards richardson richter riedel riley rios rivera rivière rizzo robbins robert roberts
    robertson robin robinson rocha rodgers rodrigues rodriguez rodríguez roger rogers rojas romano romero roos
    rosario rose rosen rosetti ross rossi roth rousseau roussel rousset roux roy rubio ruggiero ruiz russell russo
    ryan růžička sabharwal sachdeva saez saha sahni saini salas salazar salinas saluja salvatore sampath samuelsson
    sanchez sanders sandoval sanna santana santiago santoro santos sanz sarin sarkar sato sauer saunders sauvage
    saxena schaefer schenk scherer schilling schmid schmidt schmitt schmitz schneider scholten scholz schouten
    schreiber schroeder schröder schröter schubert schulte schultz schulz schulze schumacher schumann schuster
    schwab schwartz schwarz schäfer scott sehgal seidel sen sengupta serrano seth sethi shah sharma shaw shelton
    shenoy shetty shukla sidhu silva simmons simon simpson sims simão singh sinha sjöberg smet smit smith smits
    snyder soares sodhi soler sood soto sousa souza spencer srinivasan srivastava stein steiner stephens stevens
    stevenson stewart stoffel stone ström subramaniam sullivan sundaram sundberg suri suzuki svensson svoboda
    svobodová swamy szczepański szymańska szymański sáez sánchez sørensen talwar tanaka tandon tavares taylor
    teixeira terry thakur thiel thomas thompson thomsen thygesen tiwari tomás torres toussaint tran trivedi tucker
    turner tyagi upadhyay valdez valente valentin vallée vandenberg vanderberg vargas varghese varma vasquez vasseur
    vazquez veen vega venkatesan verbeek verhoeven verma veselý vicente vidal vieira vincent virk visser vitale
    vliet vogel vogt vohra voigt vos vries vyas wagner walia walker wallace walsh walter wang ward warren washington
    watkins watson weaver webb weber wegner weide weiss weiß welch wells wendt werner west wheeler white wieczorek
    wiegand wiersma wijk willems williams williamson willis wilson winkler winther wirth witt wiśniewska wiśniewski
    wolf wolff wong wood woods woźniak wright wu wójcik xu yadav yamamoto yang young zając zhang zhao ziegler
    zielińska zieliński zijlstra zimmermann zwart čermák černý łukasik
    """
)

HONORIFICS = _words(
    """
    mr mrs ms miss dr prof sir madam herr frau mme mlle sr sra señor señora jr md phd dds dott sig dhr mevr pani pan hr fru
    """
)

CITIES = _phrases(
    """
    amsterdam|ankara|athens|atlanta|auckland|austin|bangalore|bangkok|barcelona|beijing|belgrade|berlin|birmingham
    bogota|boston|bratislava|brisbane|brussels|bucharest|budapest|buenos aires|cairo|calgary|cape town|caracas
    casablanca|charlotte|chennai|chicago|cleveland|cologne|copenhagen|dakar|dallas|delhi|denver|detroit|dubai|dublin
    durban|edinburgh|florence|frankfurt|geneva|glasgow|guangzhou|hamburg|hanoi|havana|helsinki|ho chi minh city
    hong kong|honolulu|houston|hyderabad|indianapolis|istanbul|jakarta|jerusalem|johannesburg|karachi|kiev
    kuala lumpur|kyiv|kyoto|lagos|lahore|las vegas|leeds|leipzig|lima|lisbon|liverpool|ljubljana|london|los angeles
    lyon|madrid|manchester|manila|marseille|melbourne|mexico city|miami|milan|milwaukee|minneapolis|minsk|montreal
    moscow|mumbai|munich|nagoya|nairobi|naples|nashville|new delhi|new orleans|new york|new york city|nice|osaka
    oslo|ottawa|paris|perth|philadelphia|phoenix|pittsburgh|porto|portland|prague|quebec|quito|riga|rio de janeiro
    riyadh|rome|rotterdam|sacramento|saint petersburg|salt lake city|san antonio|san diego|san francisco|san jose
    santiago|sao paulo|são paulo|sarajevo|seattle|seoul|seville|shanghai|shenzhen|singapore|sofia|st louis|stockholm
    stuttgart|sydney|taipei|tallinn|tampa|tehran|tel aviv|the hague|tokyo|toronto|tucson|tunis|turin|valencia
    vancouver|venice|vienna|vilnius|warsaw|wellington|zagreb|zurich
    """
)

COUNTRIES = _phrases(
    """
    afghanistan|albania|algeria|andorra|angola|argentina|armenia|australia|austria|azerbaijan|bahamas|bahrain
    bangladesh|barbados|belarus|belgium|belize|benin|bhutan|bolivia|bosnia and herzegovina|botswana|brazil|brunei
    bulgaria|burkina faso|burundi|cambodia|cameroon|canada|cape verde|chad|chile|china|colombia|congo|costa rica
    croatia|cuba|cyprus|czech republic|czechia|denmark|dominican republic|ecuador|egypt|el salvador|england|eritrea
    estonia|ethiopia|fiji|finland|france|gabon|gambia|georgia|germany|ghana|greece|guatemala|guinea|guyana|haiti
    honduras|hong kong|hungary|iceland|india|indonesia|iran|iraq|ireland|israel|italy|ivory coast|jamaica|japan
    jordan|kazakhstan|kenya|kosovo|kuwait|kyrgyzstan|laos|latvia|lebanon|lesotho|liberia|libya|liechtenstein
    lithuania|luxembourg|madagascar|malawi|malaysia|maldives|mali|malta|mauritania|mauritius|mexico|moldova|monaco
    mongolia|montenegro|morocco|mozambique|myanmar|namibia|nepal|netherlands|new zealand|nicaragua|niger|nigeria
    north korea|north macedonia|northern ireland|norway|oman|pakistan|palestine|panama|papua new guinea|paraguay
    peru|philippines|poland|portugal|puerto rico|qatar|romania|russia|rwanda|saudi arabia|scotland|senegal|serbia
    seychelles|sierra leone|singapore|slovakia|slovenia|somalia|south africa|south korea|spain|sri lanka|sudan
    suriname|sweden|switzerland|syria|taiwan|tajikistan|tanzania|thailand|togo|trinidad and tobago|tunisia|turkey
    turkmenistan|uganda|ukraine|united arab emirates|united kingdom|united states|uk|usa|united states of america
    uruguay|uzbekistan|venezuela|vietnam|wales|yemen|yugoslavia|zambia|zimbabwe|deutschland|österreich|schweiz
    frankreich|italien|spanien|españa|italia|brasil|méxico
    """
)

COUNTRY_CODES = _words(
    """
    ad ae af al am ao ar at au az ba bd be bf bg bh bi bj bo br bw by bz ca cd cf cg ch ci cl cm cn co cr cu cv cy
    cz de dj dk do dz ec ee eg er es et fi fj fr ga gb ge gh gm gn gr gt gy hk hn hr ht hu id ie il in iq ir is it
    jm jo jp ke kg kh kr kw kz la lb lk lr ls lt lu lv ly ma mc md me mg mk ml mm mn mr mt mu mv mw mx my mz na ne
    ng ni nl no np nz om pa pe pg ph pk pl pr ps pt py qa ro rs ru rw sa sc sd se sg si sk sl sn so sr sv sy td tg
    th tj tm tn tr tt tw tz ua ug uk us uy uz ve vn ye za zm zw afg alb dza arg arm aus aut aze bel bgd bgr bhr bih
    blr bol bra can che chl chn cmr col cri cub cyp cze deu dnk dom ecu egy esp est eth fin fra gbr geo gha grc gtm
    hnd hrv hti hun idn ind irl irn irq isl isr ita jam jor jpn kaz ken kor kwt lbn lka ltu lux lva mar mda mex mkd
    mlt mne mys nga nic nld nor npl nzl pak pan per phl pol pri prt pry qat rou rus sau sen sgp slv srb svk svn swe
    syr tha tun tur twn tza uga ukr ury usa uzb ven vnm yem zaf zmb zwe
    """
)

STATES = _phrases(
    """
    alabama|alaska|arizona|arkansas|california|colorado|connecticut|delaware|district of columbia|florida|georgia
    hawaii|idaho|illinois|indiana|iowa|kansas|kentucky|louisiana|maine|maryland|massachusetts|michigan|minnesota
    mississippi|missouri|montana|nebraska|nevada|new hampshire|new jersey|new mexico|new york|north carolina
    north dakota|ohio|oklahoma|oregon|pennsylvania|rhode island|south carolina|south dakota|tennessee|texas|utah
    vermont|virginia|washington|west virginia|wisconsin|wyoming|ontario|quebec|british columbia|alberta|manitoba
    saskatchewan|nova scotia|new south wales|victoria|queensland|bavaria|bayern|hessen|sachsen|niedersachsen
    baden-württemberg|catalonia|andalusia|al|ak|az|ar|ca|co|ct|de|dc|fl|ga|hi|id|il|in|ia|ks|ky|la|me|md|ma|mi|mn|ms
    mo|mt|ne|nv|nh|nj|nm|ny|nc|nd|oh|ok|or|pa|ri|sc|sd|tn|tx|ut|vt|va|wa|wv|wi|wy|pr|on|qc|bc|ab|mb|sk|ns|nb|nsw|vic
    qld|tas
    """
)

STREET_WORDS = _words(
    """
    street st avenue ave av road rd drive dr lane ln court ct boulevard blvd place pl square sq terrace ter way
    circle cir highway hwy parkway pkwy trail trl loop alley plaza crescent apt suite unit box straße strasse str
    weg platz allee gasse rue calle avenida carrera via viale piazza rua straat laan ulica ul aleja plac
    gata gatan gade plads allé alle boulevard chemin impasse quai cours chaussée paseo plaza camino calleja ronda glorieta vicolo corso strada
    travessa alameda praça weg ring damm ufer steig gracht plein kade singel dijk vägen gränd torg ulice náměstí nagar marg
    """
)
STREET_ENDINGS = (
    "straße", "strasse", "gasse", "weg", "allee", "platz", "ring", "damm", "straat", "laan", "plein", "gracht", "gatan", "vägen", "gade",
    "vej", "gata", "veien",
)  # fmt: skip

CURRENCIES = _words(
    """
    usd eur gbp jpy chf cad aud nzd cny hkd sgd inr krw sek nok dkk pln czk huf ron bgn hrk rub uah try ils aed sar
    qar kwd egp zar ngn kes ghs mad tnd brl mxn ars clp cop pen uyu thb myr idr php vnd twd pkr bdt lkr isk btc eth
    """
)
