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
    aarav aaro aaron abdul abel abigail achim adam adela adele adina aditi aditya adrian adriana adriano agathe
    agnes agnieszka agnès ahmed ahmet aida aidan aiden aino aisha aitor ajay akash alan alba albert alberto albrecht
    alda aldo alejandra alejandro aleksander aleksandra aleksi alena alessandra alessandro alessia alex alexander
    alexandra alexandre alexandru alexia alexis alfonso alfred alfredo ali alice alicia alicja alina aline aliye
    allison alois alok alonso alwin amal amalia amanda amandine amber amelia amina amir amira amit amitabh amy ana
    anand ananya anaïs anca anders andre andrea andreas andreea andreia andrej andres andrew andrzej andrás andré
    andrés anette angel angela angelika angelo anikó anil anita anja anjali anke anker ankit ankur ann anna anne
    anneke anneli anneliese annemarie annette annika ansgar anthony antje antoine anton antonella antoni antonia
    antonio antonín antti antun anuj anuradha aoife aparna april arild arja arjun armand armando arnaud arnav arne
    arno arthur arto arturo arun arvind asger asha ashley ashok aslaug astri astrid atle attila audrey audun august
    augusto aurel aurelia aurora aurélie austin ava axel ayesha aylin ayten ayşe balthasar balázs baptiste barbara
    bart bartosz bastian beata beate beatriz ben bence benedetta benedikt benjamin benoit benoît bente berit
    bernadette bernard bernardo bernd bernhard berta berthold bertram beth betty beverly bhavna bianca bianka birgit
    biserka bjarne björn bjørg blanka bob bobby bodo bogdan bohumil bonnie borghild borja božica brad bradley bram
    brandon brandy branislav branka branko brayden brenda brendan brent brett brian brigitte britt brittany bruce
    bruna bruno bryan burak burkhard béla bülent caio caitlin caleb camelia cameron camila camilla camille canan
    caoimhe carina carl carla carlo carlos carmen carol carolina caroline carolyn carrie carsten casey catalin
    catarina caterina catherine cathy cecilia cedric cemal cesar ceyda chad chantal charles charlotta charlotte
    chelsea chen cheryl chiara chloe chris christa christel christelle christer christian christina christine
    christoph christophe christopher cian ciara cindy claire clara claude claudia claudine claudio claudiu clemens
    cláudia clément cody colin colleen concetta connor conny conor conrad constantin corey corina cornel cornelia
    cosimo cosmin costel courtney craig crina cristian cristiano cristina cristóbal crystal csaba csilla curtis
    cynthia cécile cédric césar cătălin dagfinn dagmar dale dalibor damian damien damir dan dana danica daniel
    daniela daniele danielle danny danuta dario darko david davide davor dawn daša dean deborah debra declan deepa
    deepak deepika deirdre dejan denis denise dennis derek derya detlef dezső diana diane diego dieter dietmar
    dietrich dinesh diogo dirk divya dmitri doina dolores domagoj domenico dominic dominik dominique don donald
    donna dora dorin doris dorota dorothea dorothy douglas dragica dragos dragoş dražen dubravka dumitru dustin
    dušan dylan dániel débora dóra earl eberhard eckhard eddie edeltraud edgar edina edith eduard eduarda eduardo
    edvard edward eero eeva egil egon eija eila eileen einar eino eirik eivind ela elaine eldbjørg eleanor elena eli
    eliana eliane elias elif elijah elin elina elisa elisabeth elizabeth eliška elke ella ellen ellie elsa else
    elvira elżbieta emanuel emanuele emese emil emilia emiliano emilie emilio emily emine emma emmi emre emília
    endre engin enikő enrico enrique ensio enzo eoin ercan erdem erhard eric erica erich erik erika erin erkki
    erlend erna ernest ernesto ernst ernő erzsébet esra estelle ester esther etelka ethan etienne eugen eugene
    eugenia eugenio eva evan evelyn ewa ewald fabian fabiana fabien fabio fabiola fabrice fabrizio fadime falk
    farhan fatih fatima fatma federica federico felicia felicitas felipe felix ferdinand ferenc ferhat fernando
    ferran filip filipa filippo filomena fionn flemming florence florent florian florica florin frances francesca
    francesco francis francisco franciszek franco francois franjo frank frantisek františek franz françois françoise
    frauke fred frederic frederick frederik fredrik frida friedrich fritz frode frédéric gabriel gabriela gabriele
    gabriella gabrielle gaetano gail gamze gary gaspar gaurav gavin gaëlle geert geeta geir genevieve geneviève
    geoffrey georg george georges georgeta georgina gerald gerard gerd gergely gerhard gerlinde germaine gerrit gert
    gertrud gheorghe gianluca gianni gilberto gilles gina giorgia giorgio giovanni girish gisela gitte giulia giulio
    giuseppe gizella glenn gloria gonzalo gopal goran gordon gottfried grace grainne graziella grażyna greg gregor
    gregorio gregory grete grethe grzegorz guadalupe gudrun guido guilherme guillaume guillermo gunn gunnar gunter
    gunther guri gustav gustavo gyula györgy gábor gérard gülsüm günter günther hajnalka hakan halil halina halvor
    hanna hannah hanne hanneke hannele hannu hans hansjörg harald harish harold harri harry hartmut hasan hassan
    hatice havva hayley heather hedwig hege heidi heike heikki heiko heiner heinrich heinz helen helena helene helga
    helge heli helmut henri henriette henrik henrique henry henryk herbert heribert hermann hermine hilda hilde
    hildegard hilkka hiroshi hjalmar holger holly horia horst howard hrvoje hubert hugo håkan håkon håvard hélio
    hélène hülya hüseyin ian ibrahim ida ignacio ignazio igor ilaria ildefonso ildikó ileana ilkka ilona ilse imke
    imma imran imre ines inga inge ingeborg inger ingmar ingo ingrid ingunn inkeri inès inés ioan ioana iolanda
    ionel ionut ionuţ irena irene ireneusz irina irja irma irmgard isaac isabel isabella isabelle isha isidro ismael
    ismail istván iulia iulian ivan ivana ivanka ivica ivo iwona iñaki jaakko jacek jack jackie jackson jacob
    jacqueline jacques jadranka jadwiga jaime jake jakob jakub james jamie jan jana jane janet jani janice janina
    janne jannik janusz jared jari jarle jarmo jaromír jaroslav jarosław jasmine jasna jason javier javiera jay jaya
    jayden jean jeff jeffery jeffrey jelena jelle jenna jennifer jenny jens jeppe jeremiah jeremy jeroen jerome
    jerry jerzy jesper jesse jessica jesus jette jill jim jimmy jing jiri jiří joachim joakim joan joana joann
    joanna joanne joao joaquim joaquin joaquín jochen joe joel johan johann johanna johannes john johnny jolanta jon
    jonas jonathan jordan jordi jorg jorge jorunn jose josef josefa josefina josep joseph joshua josip josipa josé
    joséphine jouni joy joyce jozef joão juan juana juanita judit judith judy juha juhani jukka julia julian juliana
    juliane julie julien juliette julio julita julius jun juraj jure jurgen jussi justin justyna jutta jérôme józef
    józsef jörg jörn júlia jürgen kaarina kacper kadir kai kaija kaitlyn kalevi kalle kamal karan karel karen kari
    karin karina karl karla karlheinz karol karolina karoline karsten kartik kasper katalin katarina katarzyna
    katarína kate katelyn katharina katherine kathleen kathrin kathryn kathy kati katica katie katja katrin katrina
    kavita kavya kayla kaylee kazimierz keith kelly kelsey kemal ken kendra kenji kenneth kerry kerstin ketil kevin
    khadija kim kimberly kinga kiran kirk kirsi kirsten kjell kjersti kjetil klaudia klaus knud kolbjørn konrad
    konstantin krešimir krista kristen kristin kristina kristine kristoffer kristy krisztina krisztián krunoslav
    krystyna krzysztof kunal kurt kyle kyllikki károly kåre ladislav laetitia laila lajos lakshmi lalit landon lara
    larissa lars lasse lata laura lauren laurence laurent laurenz lauri laurie laurin lavinia lawrence leah leandro
    lee leena leif leila lena lenka lennart leo leon leonard leonardo leonie leonor leopold leslie leszek letícia
    levente leyla li liam lidia lidija lieselotte liisa lilian liliana lilla lilli lilly lina linda lindsay lindsey
    linnea linus lisa lisbeth lise liselotte liviu ljerka ljiljana ljubica logan loredana lorena lorenz lorenzo
    loreto lori lorraine lothar lotte louis louisa louise luca lucas lucia luciano lucie lucien lucienne lucy lucía
    ludek ludwig luigi luigia luis luisa luise luiz lukas luke lukáš luminiţa lutz luís lydia lynn lászló léa lívia
    maarit macarena maciej maciek mackenzie maddalena madeleine madeline madhu madison mads maeve magda magdalena
    magdolna magne magnus mahesh maija maike maja makayla malgorzata malin malte manfred manfredo manish manoel
    manoj manon manuel manuela mara marc marcel marcela marcelle marcelo marcia marcin marco marcos marcus mareike
    marek maren margaret margareta margarete margarida margaux margherita margit margot margret margrit maria marian
    mariana mariann marianne maribel marie marielle marija marijan marijana marika marilyn marina mario marion
    marissa marit mariusz marián marja marjan marjatta mark markku marko markus marlene marlies marta martha martin
    martina martine marvin mary mason matej mateo mateusz mathew mathias mathieu mathilde mathis matija matilde
    matteo matthew matthias matthieu matthijs matti matúš matěj maureen maurice mauricio maurizio mauro max maxime
    maximilian maya małgorzata meena meera megan mehmet mei meike melanie melinda melissa melody mercedes meredith
    merja meryem mette mia micaela michael michaela michal michał michel michele micheline michelle mieczysław
    miguel mihaela mihai mihail mihály mika mikael mike mikkel mikko miklós mikuláš mila milan milena miloš mindy
    minna miranda mircea mireia mireille mirela miriam mirja mirjana mirko miroslav miroslava mirosław misty
    mitchell mitja mladen mohamed mohammed mohan molly monica monika monique montserrat morgan moritz morten
    muhammad mukesh murat mustafa mária máté mónika nadia nadine nadja nancy nandini natacha natalia natalie
    natascha natasha nataša nathalie nathan nathaniel naveen nazlı neha nele nerea nestor neven niamh niccolò
    nicholas nicola nicolae nicolas nicole nicoleta nicoletta niels nikhil niklas niko nikola nikolaus nikolina nils
    nina nino nira nisha nitin noah noel noemi nolan nora norbert norma norman noémi noémie nuno nuray nurcan nuria
    nándor núria octavian oddbjørn oddny oddvar odette odile oisin olaf olaug olav olavi ole oleg olga oliver olivia
    olli olívia omar ondřej onofre onur orhan oriol orla orlando orsola orsolya oscar osman ottavia otto ottó outi
    ove ovidiu owen oğuz oľga paavo pablo padraig paige palle pam pamela pankaj paola paolo pascal pascale patrice
    patricia patrick patrik patrizia patrycja patty paul paula paulina pauline paulo pavel pavol paweł pedro peer
    peggy pekka penny pentti per pernille petar peter petr petra petre petteri philip phillip phyllis pia
    pierfrancesco piero pierre piet pieter pietro pilar piotr pirjo pirkko piroska pooja pradeep prakash pranav
    prashant praveen preben preeti priscila priya pál päivi péter pía pınar přemysl rabia rachel radoslav radu
    rafael rafaela rafał raffael raffaele raffaella ragnar ragnhild rahul raija raimo raimund rainer raj rajeev
    rajesh rajiv rakesh ralf ralph ramazan ramesh ramon ramona randall randi randy rani rashmi rasmus rastislav raul
    ravi ray raymond razvan raúl rebecca recep regina regine reidar reidun reijo reiner reinhard reinhold rekha remo
    renata renate renato renee rené reto ria ricarda ricardo riccardo richard rick ricky riitta rikke rita ritva
    robert roberta roberto robin robrecht rocco rocío rodica rodney rodolfo rodrigo roger rogério rohan rohit roisin
    roland rolf romain roman romane romeo romina romuald ron ronald ronnie rosa rosalia rosalie rosaria rosario rose
    roswitha roxana roy rozália ruben rudi rudolf rui rune russell ruth ryan ryszard réka rémi rémy róbert rüdiger
    răzvan sabina sabine sabrina sachin sakari salih sally salvador salvatore sam samantha sami samir samuel samuele
    sanda sander sandra sandrine sandy sanja sanjana sanjay sanna santiago santosh sara sarah sarita sascha saskia
    satish satu savannah scott seamus sean sebastian sebastiano sebastián seema seija selim selma seppo serena serge
    sergei sergio serkan seth severin severino shalini shane shankar shannon sharon shaun shawn shawna sheila shelby
    shelly sheri sherri sherry shikha shilpa shirley shreya shweta sibel sibylle siddharth siegfried siegrid sierra
    sigmund sigrid sigurd silje silke silvana silvia silvie silvio simon simona simone sinan sinead sinikka siobhan
    siri sirpa sisko sissel sivert slavica slavko slavomír smita sneha snježana sofia sofie sofía soile solange
    solfrid solveig sonia sonja sonya sophia sophie sorin spencer stacey stacy stanislav stanislaw stanisław stefan
    stefania stefanie stefano steffen steinar stella sten stephanie stephen steve steven stig stijn stina stipe
    stjepan stuart subhash sue summer sunil sunita suraj suresh susan susana susanna susanne suzanna suzanne suzette
    svein sven svend sverre svetlana swati swen sydney sylvain sylvia sylvie sylwia synnøve szabolcs szilvia szymon
    sándor sébastien séverine sólveig sören søren süleyman sławomir tabitha tadeusz taina takashi tamar tamara tammy
    tamás tanner tanvi tanya tapani tapio tara tarja tasha tatiana tatjana taylor ted teemu teodor teodora teresa
    tereza terhi terje terrance terri terry terttu thea theo theodor theodore theresa thierno thierry thijs thilo
    thomas thomás thor thore thorsten théo thérèse tiago tibor tiffany tihomir tiina tilman tim timo timothy tina
    tobias todd toivo tolga tom tomas tomaso tomasz tomislav tommaso tommy tomo tomás tomáš toni tony tonya torben
    tore torild torill torsten torunn toñi tracey traci tracie tracy traudl travis trevor tricia trine tristan tron
    trond troy trygve tudor tuija tuncay tuomas tuomo turgut turid tuula tuulikki tuğba tyler tânia tünde ugo ulf
    ulla ulrich ulrika ulrike umberto unni ursula urszula uschi usha ute uwe vaclav valentin valentina valentine
    valentino valeria valerie valerio valérie vanessa varun vasco vasile vedran veera vegard veikko verena vernon
    veronica veronika veronique vesna vibeke vicente vicki victor victoria vidar vigdis viggo vijay vikas vikram
    viktor viktoria viktória vilma vilmos vincent vincenzo vinko vinod violeta viorel viorica virginia virginie
    virpi vitor vittoria vittorio vivek viviana viviane vivien višnja vlad vladimir vladimír vladimíra vlado vlatka
    vojtech volker volkmar václav väinö véronique vít waldemar walter walther waltraud waltraut wanda wanja warren
    wayne wei wenche wendy werner wesley whitney wiebke wieland wiesław wilhelm willem willi william willibald
    willie willy wilma winfried wioletta wojciech wolfgang wolfram wouter władysław xaver xavier xenia ximena yan
    yann yannick yara yasemin yash yasmin yaşar yngve yolanda yuki yunus yusuf yvan yves yvette yvonne yılmaz
    zachary zbigniew zdenka zdenko zdeněk zdravko zdzisław zehra zeynep zita zlatko zoe zofia zoltán zoran zorica
    zoé zsolt zsuzsanna zsófia zuzana zuzanna zvonimir ádám ágnes åke åsa élise émilie étienne éva ömer özge özlem
    øystein øyvind đurđa ľubica ľubomír ľuboš łukasz ştefan şükran štefan štefica željka željko žofia
    """
)

SURNAMES = _words(
    """
    abreu acharya adams aerts agarwal aggarwal aguado aguilar aguirre ahluwalia ahonen ahuja albrecht alexander
    allen almeida alonso alvarez alves amaral amato amundsen anand anders andersen anderson andersson andrade
    andreassen andrews antunes apte araujo araújo armstrong arnaud arnold arora arroyo arslan arya aslan aubert
    austin axelsson aydın azevedo babić bailey bajaj baker bakken bakker balakrishnan balogh balázs baláž banerjee
    banks bansal baptista barbe barbier barbieri barbosa barbu barišić barnes barros bartels basso basu batista
    batra bauer baumann baumgartner beck becker bedi bell bellini benard beneš bennett benítez berger bergmann
    bergström bernard bernardi berry berthelot bertrand besson bhalla bhandari bhardwaj bhargava bhasin bhat bhatia
    bhatt bhattacharya bianchi biró bishop bjørn black blanc blanchard blanco blažević boersma bonnet bonvin borges
    bosch bose bosman boucher bouvier boyd bošnjak božić bradley brandt braun brooks brouwer brown brun brunet
    brunner bruno bryant burke burns burton busch butler byrne böhm caballero cabrera calvo campbell caputo cardoso
    carlson carlsson carneiro caron carpenter carpentier carr carroll carter carvalho castelli castillo castro
    chakraborty chan chandler chandran chang chapman charpentier chatterjee chaudhary chaudhuri chauhan chavez
    chawla chen chevalier chopra choudhury christensen christiansen ciobanu claes clark clarke clement coelho colas
    cole coleman colin collins colombo constantin contreras cook cooper coppola correia cosme costa coste cox
    crawford cristea cruz cunha cunningham cárdenas dalal daniels datta davidson davis day dean dekker delgado demir
    denis desai deschamps deshpande dey dhar dhillon diaconu dias diaz diez dijk dijkstra dixit dixon dobre doherty
    domínguez douglas doyle doğan duarte dubey dubois dufour dumas dumitrescu dumitru dumont duncan dunn dupont
    dupuis duran durand dutt dutta dvořák díaz dąbrowski ebert eder edwards eide ekström elliott ellis engel eriksen
    eriksson esposito esteban estrada evans faber fabre farkas faure favre fehér ferguson fernandes fernandez
    fernández ferrara ferrari ferreira fields figueroa filipović fink fiore fischer fisher fitzgerald fleming
    fletcher fleury florea flores fodor fontaine ford foster fournier fowler fox frank franke franken franklin franz
    frazier freeman freitas friedrich fritz fuchs fuentes fuller gaillard gajdoš gallagher gallego gallo gandhi
    ganguly garcia garcía gardner garg garnier garrett garza gaspar gatti gauthier gautier geiger george georges
    georgescu gerard gerber gerritsen gheorghe ghosh gibson gilbert gill giordano giraldo girard giraud goel gomes
    gomez goncalves gonzales gonzalez gonzález gonçalves goodman goossens gopal gordon goswami goyal graf graham
    grant grasso graves gray greco green greene grgić griffin gross grossi grover groß guerin guerra guerrero guidi
    guillot gulati gulyás gundersen gupta gustafsson gutierrez gutiérrez guzman guérin gál gómez göbel götz haan
    haas hagen hahn hall halvorsen hamilton hamon hansen hanson hansson harper harris harrison hart hartmann harvey
    haugen hawkins hayes heijden heikkilä heikkinen hein heinonen heinrich heinz henderson hendriks henriksen henry
    hermann hermansen hernandez herrera herrero herrmann hicks hill hiltunen hoekstra hoffman hoffmann hofmann
    holland holm holmes holt hopkins horvat horváth horák hougaard howard howell huber hubert hudson hudák hughes
    huisman hunt hunter hájek hämäläinen höglund ibáñez iglesias ionescu ivanov iversen iyengar iyer izquierdo
    jackson jacob jacobs jacobsen jacobsson jacquet jahn jain jakobsen james jankowski jansen janssen jansson
    jaramillo jenkins jennings jensen jeong jeppesen jha jimenez jiménez johannesen johannessen johannsen johansen
    johansson johnsen johnson johnston jokinen jones jong jonsson jordan joseph joshi juhász jukić jurić jäger
    järvinen jørgensen kaczmarek kaiser kallio kamath kapadia kapoor kapur karjalainen karlsen karlsson kashyap
    katona kaur kaya keller kelley kelly kennedy khan khanna khatri khurana kim king kinnunen király kiss kjær klein
    knežević knight knudsen knutsen koch kocsis kohli kolář konig korhonen korkmaz koskinen koster kovač kovačević
    kovačić kovács kováč kováčik kowalczyk kowalska kowalski kozłowska kozłowski kramer kraus krause krawczyk
    krishnamurthy krishnan kristensen kristiansen kristoffersen kroll kruse krämer krüger kuhn kuijpers kuiper
    kulkarni kumar kurz kučera kwiatkowska kwiatkowski köhler könig kühn kılıç lacroix lahtinen laine laitinen
    lakatos lambert lane lange larsen larson larsson laurent lawrence lawson lazăr leal lebrun leclerc leclercq
    lecomte lee lefebvre lefevre lefèvre legrand lehmann lehtinen lehtonen leinonen leitão lejeune lemaire lemmens
    lemoine leonard leppänen leroux leroy lewandowska lewandowski lewis li lima lin lindberg lindholm lindström
    linke little liu lombardi londoño long lopes lopez lorenz lorenzo loureiro lovrić lowe lozano lucas ludwig
    lukács lukáč luna lund lundberg lundgren lundin luthra lutz lynch lópez maas macedo machado madsen maes
    magnusson mahajan maier maillard malhotra malik malý manole marchal marchand marchetti marek mariani marie marin
    marini marino marić marković marques marquez marshall martel martens martin martinez martini martins martinsen
    martí martínez marín mason matei mathieu mathisen matić matthews mattila may mayer mazur mccarthy mccoy mcdonald
    mckinney mcloughlin medeiros medina mehra mehrotra mehta meier meijer mejia melo mendes mendez mendoza menon
    mercier mertens meunier meyer meyers michalak michel miettinen miller millet mills mishra misra mitchell mittal
    mocanu moen mohan moldovan molina moller molnár monteiro montero montes montgomery monti moore morales moreau
    moreira morel moreno morgan morin morris morrison mortensen moser moura mueller mukherjee mulder munk munoz
    munteanu murphy murray murthy muñoz myers myhre márquez mäkelä mäkinen méndez mészáros möller møller müller nagy
    naik nair nanda narayan nardi narula nascimento nath navarro nayak nelson neto neumann newman newton nguyen
    nichols nielsen niemi nieminen nieto nikolaisen nilsen nilsson nistor niţă nogueira novak nowak nowakowski noël
    nunes nyström németh núñez obrien ojala ojeda oliveira oliver olivier olsen olson olsson oláh orlando orozco
    ortega ortiz ospina otto ottosen owens ozturk pacheco palmer palmieri pandey pandit pant papp parekh parikh park
    parker parra pascual patel pathak patil patterson paul paulsen pavić pavlov pavlović payne peck pedersen peeters
    pelletier pena pereira perez perić perkins perković perrin perrot perry peters petersen peterson petersson petit
    petrov petrović pettersen pettersson pfeiffer pham philippe phillips picard pichon pierce pillai pinheiro pinto
    pintér piotrowski pires pitkänen pohl poirier pokorný polák pons popa popescu popović porter postma poulsen
    powell prabhu prasad prat price prieto prins procházka puri pérez quinn quintero qureshi radić radu raghavan rai
    rajan raju rama ramachandran raman ramanathan ramaswamy ramirez ramos ramírez rangan rantanen rao rasmussen
    rastogi rathore raval ray raymond rebelo reddy reed reid reis renard renaud restrepo reyes reynolds ribeiro
    ribera ricard ricci rice richard richards richardson richter riedel riley rincón rios rivera rivière rizzo
    robbins robert roberts robertson robin robinson rocha rochat rodgers rodrigues rodriguez rodríguez roger rogers
    rojas romano romero roos rosario rose rosen rosetti ross rossi roth rousseau roussel rousset roux roy rubio
    ruggiero ruiz russell russo rusu ruud ryan rácz růžička saarinen sabharwal sachdeva saez saha sahni saini salas
    salazar salinas salminen salonen saluja salvatore sampath samuelsson sanchez sanders sandoval sanna santana
    santiago santoro santos sanz sarin sarkar sato sauer saunders sauvage savolainen saxena schaefer schenk scherer
    schilling schmid schmidt schmitt schmitz schneider scholten scholz schouten schreiber schroeder schröder
    schröter schubert schulte schultz schulz schulze schumacher schumann schuster schwab schwartz schwarz schäfer
    scott sehgal seidel sen sengupta serrano seth sethi shah sharma shaw shelton shenoy shetty shukla sidhu silva
    simmons simon simpson sims simão singh sinha sipos sjöberg smet smit smith smits snyder soares sodhi solberg
    soler solheim sood soto sousa souza spencer srinivasan srivastava stanciu stein steiner stephens stevens
    stevenson stewart stoffel stoica stone ström subramaniam sullivan sundaram sundberg suri suter suzuki svendsen
    svensson svoboda svobodová swamy szabó szalai szczepański szilágyi szymańska szymański szűcs sáez sánchez
    sørensen takács talwar tanaka tandon tavares taylor teixeira terry thakur thiel thomas thompson thomsen thygesen
    tiwari toma tomić tomás torres toussaint tran trivedi tucker tudor tuominen turner turunen tyagi tóth török
    ungureanu upadhyay valdez valente valentin vallée vandenberg vanderberg varga vargas varghese varma vasile
    vasquez vasseur vazquez veen vega venkatesan verbeek verhoeven verma veselý vicente vidal vidović vieira vincent
    virk virtanen visser vitale vliet vogel vogt vohra voicu voigt vos vries vuković vyas väisänen wagner walia
    walker wallace walsh walter wang ward warren washington watkins watson weaver webb weber wegner weide weiss weiß
    welch wells wendt werner west wheeler white widmer wieczorek wiegand wiersma wijk willems williams williamson
    willis wilson winkler winther wirth witt wiśniewska wiśniewski wolf wolff wong wood woods wouters woźniak wright
    wu wyss wójcik xu yadav yamamoto yang young yıldırım yıldız yılmaz zając zapata zhang zhao ziegler zielińska
    zieliński zijlstra zimmermann zwart çelik çetin özdemir özkan öztürk čermák černý ďurica łukasik şahin şimşek
    šarić
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
